// The same commands on a cluster as it runs on many machines: ZooKeeper, a queue on Redis.
import { RedisQueue } from '@backpack/cluster-model'
import { freePort, RedisProcess, ZooKeeperEnsemble } from '@backpack/test-cluster'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backpackCluster, type CliResult, useBuiltCli } from './built-cluster-cli.js'

useBuiltCli()

const task = { op: 'copy', shard: '1', path: '/cat.jpg', version: undefined, from: ['1'], to: '4' } as const

let zooKeeper: ZooKeeperEnsemble
let redis: RedisProcess

beforeAll(async () => {
  zooKeeper = await ZooKeeperEnsemble.start()
  redis = await RedisProcess.start()
  const dead = `127.0.0.1:${await freePort()}`
  const { stdout } = await run('init', `${redis.address},${dead}`)
  expect(stdout).toBe('Servers map initialized\nShards map initialized\nQueue initialized\n')
})
afterAll(async () => {
  await redis.close()
  await zooKeeper.close()
})

function run(...args: string[]): Promise<CliResult> {
  return backpackCluster(args, {
    env: { BACKPACK_ZOOKEEPER: zooKeeper.connectString, BACKPACK_ROOT: '/photos' },
  })
}

test('edits and lists work as on a file', async () => {
  expect(await run('server', 'add', '1', 'http://one:10001')).toEqual({
    code: 0,
    stdout: 'Added http://one:10001 as 1\n',
    stderr: '',
  })
  expect((await run('server', 'list')).stdout).toContain('http://one:10001')
})

test('the queue is asked on Redis itself, also when one of its servers is away', async () => {
  const queue = openQueue()
  try {
    await queue.push([task])
    const [claim] = await queue.claim({ limit: 1, leaseMs: 60_000 })
    expect((await run('queue', 'show')).stdout).toMatch(/only 1 of 2 servers of the queue UP/)
    await queue.park(claim?.id ?? '', 'no source has it')
    expect((await run('queue', 'parked')).stdout).toMatch(
      /Z {2}copy \/cat\.jpg from 1 to 4: no source has it\n1 task parked\n$/,
    )
    expect((await run('status')).stdout).toContain('1 task PARKED: see queue parked')
    expect((await run('queue', 'retry')).stdout).toBe('1 task due again\n')
    expect(await queue.parked(10)).toEqual([])
  } finally {
    await queue.close()
  }
})

test('status shows the rest when the whole queue is away', async () => {
  await redis.kill()
  try {
    const { code, stdout } = await run('status')
    expect(stdout).toContain(`Cluster ${zooKeeper.connectString}/photos at `)
    expect(stdout).toMatch(/Queue\n {2}.*0 of 2 servers|Queue\n(.|\n)*(answer|away)/i)
    expect(code).toBe(0)
  } finally {
    await redis.restart()
  }
})

test('ZooKeeper that cannot be reached is said, and exits 1', async () => {
  const { code, stdout, stderr } = await backpackCluster([
    'stats',
    '--zookeeper',
    `127.0.0.1:${await freePort()}`,
  ])
  expect(stderr).toMatch(/TREE_AWAY/)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
})

function openQueue(): RedisQueue {
  const [host = '', port] = redis.address.split(':')
  // The server runs; a machine with other work may need longer for an answer than a queue waits for it.
  const commandTimeoutMs = 30_000
  return RedisQueue.open({ key: 'backpack-queue', servers: [{ host, port: Number(port) }], commandTimeoutMs })
}
