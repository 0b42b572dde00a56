// `backpack-replicator` as users start it, against a real ZooKeeper and a real Redis.
import { freePort, runProgram } from '@backpack/test-cluster'
import { expect, test } from 'vitest'
import { patternBytes } from '../helpers/pattern-bytes.js'
import { RealCluster, useServers } from '../helpers/real-cluster.js'
import { untilDrained } from '../helpers/small-cluster.js'
import { builtBin, useBuiltCli } from './built-cli.js'

useBuiltCli()
useServers({ redis: 1 })

const usage = 'Usage: backpack-replicator <zk_servers> </zk/root> [concurrency] [options]\n'

function replicator(...args: readonly string[]) {
  return runProgram(process.execPath, [builtBin('backpack-replicator'), ...args])
}

test('the daemon says that it started, copies, and ends with 0 on SIGTERM', async () => {
  const cluster = await RealCluster.start()
  const port = await freePort()
  const daemon = await cluster.startDaemon(
    '8',
    '--port',
    String(port),
    '--bandwidth',
    '20mb',
    '--repair-every',
    '6h',
  )
  expect(daemon.output).toContain('Replicator is ready!\n')
  await cluster.upload('cat?.jpg', patternBytes(10_000))
  await untilDrained(cluster.queue)
  const [first, second] = await cluster.etags('cat?.jpg')
  expect(second).toBe(first)
  expect(await (await fetch(`http://127.0.0.1:${port}/-/metrics`)).text()).toContain(
    'backpack_replicator_copied 1\n',
  )
  daemon.kill('SIGTERM')
  await daemon.ended()
  expect(daemon.exitCode).toBe(0)
})

test('a cluster secret that cannot be read stops it before it asks anybody', async () => {
  const place = ['127.0.0.1:1', '/root']
  const ended = await replicator(...place, '--cluster-secret-file', '/does/not/exist')
  expect(ended).toMatchObject({ exitCode: 1, stdout: '' })
  expect(ended.stderr).toContain('The cluster secret cannot be read from /does/not/exist: ENOENT.')
})

test('it warns when others can reach it and there is no secret', async () => {
  const cluster = await RealCluster.start()
  const daemon = await cluster.startDaemon('--port', '0', '--host', '0.0.0.0')
  await daemon.printed(/Warning: 0\.0\.0\.0 is reached by other machines/)
  await daemon.printed(/"host":"0\.0\.0\.0","msg":"listening beyond this machine without a cluster secret"/)
})

test('Ctrl-C ends it with 0 too', async () => {
  const cluster = await RealCluster.start()
  const daemon = await cluster.startDaemon()
  daemon.kill('SIGINT')
  await daemon.ended()
  expect(daemon.exitCode).toBe(0)
})

test('without its arguments it prints its usage and exits 1', async () => {
  expect(await replicator()).toEqual({ exitCode: 1, stdout: usage, stderr: '' })
  expect(await replicator('one:2181')).toMatchObject({ exitCode: 1, stdout: usage })
})

test('what is wrong with its options is said all at once, with exit code 2', async () => {
  const { exitCode, stderr } = await replicator(
    'one:2181',
    'root',
    'many',
    '--bandwidth',
    'fast',
    '--repair-every',
    '6',
  )
  expect(exitCode).toBe(2)
  for (const name of ['zk-root', 'concurrency', 'bandwidth', 'repair-every'])
    expect(stderr).toContain(`${name}: must`)
  expect(await replicator('one:2181', '/root', '--brandwidth', '1mb')).toMatchObject({ exitCode: 2 })
})

test('it says so when ZooKeeper is away', async () => {
  const port = await freePort()
  const { exitCode, stderr } = await replicator(`127.0.0.1:${port}`, '/backpack')
  expect(exitCode).toBe(1)
  expect(stderr).toContain('Is ZooKeeper running')
})

test('--help and --version answer', async () => {
  const { exitCode, stdout } = await replicator('--help')
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/--repair-every.*\n[\s\S]*Exit codes:/)
  for (const text of ['zk_servers   Zoo', 'concurrency  Tasks at once']) expect(stdout).toContain(text)
  expect((await replicator('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})
