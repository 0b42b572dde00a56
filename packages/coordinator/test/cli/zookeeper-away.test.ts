import { freePort } from '@backpack/test-cluster'
import { expect, test } from 'vitest'
import { runCli, useBuiltCli } from './built-cli.js'

useBuiltCli()

test('commands say that ZooKeeper cannot be reached, and exit 1', async () => {
  const servers = `127.0.0.1:${await freePort()}`
  const results = await Promise.all([
    runCli('backpack-coordinator-add-server', [servers, '/backpack', '1', 'http://one:1']),
    runCli('backpack-coordinator-dump-shards', [servers, '/backpack']),
  ])
  for (const { code, stdout, stderr } of results) {
    expect(stderr).toContain(servers)
    expect(stderr).toMatch(/TREE_AWAY/)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  }
})
