import { expect, test } from 'vitest'
import { runCli, useBuiltCli } from './built-cli.js'

useBuiltCli()

test('a cluster secret that cannot be read stops the daemon before it asks anybody', async () => {
  const place = ['127.0.0.1:1', '/root', '127.0.0.1', '0']
  const ended = await runCli('backpack-coordinator', [...place, '--cluster-secret-file', '/does/not/exist'])
  expect(ended).toMatchObject({ code: 1, stdout: '' })
  expect(ended.stderr).toContain('The cluster secret cannot be read from /does/not/exist: ENOENT.')
})
