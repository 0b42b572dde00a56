import { freePort } from '@backpack/test-cluster'
import { expect, test } from 'vitest'
import { runCli, useBuiltCli } from './built-cli.js'

useBuiltCli()

test.each(['add-server', 'dump-shards'])(
  '%s says that ZooKeeper cannot be reached, and exits 1',
  async (name) => {
    const args = name === 'add-server' ? ['1', 'http://one:1'] : []
    const servers = `127.0.0.1:${await freePort()}`
    const { code, stdout, stderr } = await runCli(`backpack-coordinator-${name}`, [
      servers,
      '/backpack',
      ...args,
    ])
    expect(stderr).toContain(servers)
    expect(stderr).toMatch(/TREE_AWAY/)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  },
)
