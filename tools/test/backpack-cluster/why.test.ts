// `why` against real stores and a real coordinator of an embedded cluster.
import {
  addServer,
  addShard,
  type ClusterTree,
  initCluster,
  openTree,
  setShardWritable,
} from '@backpack/cluster-model'
import { Coordinator } from '@backpack/coordinator'
import { startDaemon, Store } from '@backpack/store'
import { TemporaryDirectory, until } from '@backpack/test-cluster'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backpackCluster, type CliResult, useBuiltCli } from './built-cluster-cli.js'

useBuiltCli()

const name = 'pets/cat.jpg'
const directory = new TemporaryDirectory()
const file = join(directory.path, 'cluster.json')
const closers: (() => Promise<unknown>)[] = []
let tree: ClusterTree
let coordinator: Coordinator
let url = ''

async function startStore(id: string): Promise<void> {
  const store = await Store.open({ path: join(directory.path, `store-${id}`), reserveBytes: 0 })
  const daemon = await startDaemon({ store, host: '127.0.0.1', port: 0, log: pino({ level: 'silent' }) })
  closers.push(async () => {
    await daemon.drain()
    await store.close()
  })
  await addServer(tree, { id, url: `http://127.0.0.1:${daemon.port}`, ifExists: 'refuse' })
}

/** Shard 1 with two nodes, shard 2 with one, and shard `full`, which has no room at all. */
beforeAll(async () => {
  tree = await openTree({ file })
  await initCluster(tree, { queueKey: 'q', queueServers: [] })
  for (const id of ['11', '12', '21', '31']) await startStore(id)
  for (const [id, nodes, capacityBytes] of [
    ['1', ['11', '12'], 2 ** 30],
    ['2', ['21'], 2 ** 30],
    ['full', ['31'], 10],
  ] as const) {
    await addShard(tree, { id, nodes, capacityBytes, ifExists: 'refuse' })
    await setShardWritable(tree, { id, writable: true })
  }
  coordinator = await Coordinator.open({ cluster: tree, queue: { directory: join(directory.path, 'queue') } })
  closers.push(() => coordinator.close())
  url = (await coordinator.listen({ host: '127.0.0.1', port: 0 })).url.replace(/\/$/, '')
  await coordinator.put(name, Buffer.from('meow'), { shardId: '1', copies: 2 })
  await until(async () => {
    const answer = await fetch(`${url}/-/explain`)
    const { shards } = (await answer.json()) as { shards: { nodes: { usedBytes: number | null }[] }[] }
    return shards.every(({ nodes }) => nodes.every(({ usedBytes }) => usedBytes !== null))
  }, 'the coordinator has asked all nodes')
})

afterAll(async () => {
  for (const close of closers.reverse()) await close()
  await tree.close()
  directory.remove()
})

function why(...args: string[]): Promise<CliResult> {
  return backpackCluster(['why', ...args, '--file', file])
}

describe('of a shard', () => {
  test('it prints its part, every term of its pain and its nodes', async () => {
    const { code, stdout } = await why('1')
    expect(code).toBe(0)
    expect(stdout).toMatch(`Coordinator ${url}, an upload of 64 KB, soft limit 0.0 %, hard limit 0.0 %\n`)
    expect(stdout).toMatch(/Shard 1 gets \d+\.\d % of uploads\n/)
    for (const term of ['% free', 'time to write', 'do not answer', 'lack blobs', 'pain'])
      expect(stdout).toContain(term)
    expect(stdout).toMatch(/^ {2}12 +up +\d+\.\d{3} +\d+\.\d % +\S+ \S+ +\S+ \S+ +1$/m)
  })

  test('it says why one is excluded', async () => {
    const { stdout } = await why('full')
    expect(stdout).toMatch(
      /Shard full gets no uploads: \d+ bytes would be more than its capacity, 10 \(no-room\)/,
    )
  })

  test('as JSON it is what the coordinators answer about that shard', async () => {
    const { code, stdout } = await why('2', '--json', '--coordinator', `${url}/`, '--size', '1mb')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      shard: '2',
      coordinators: [
        { coordinator: url, sizeBytes: 2 ** 20, score: { shard: '2', nodes: [{ node: '21' }] } },
      ],
    })
  })
})

describe('of a name', () => {
  test('it prints who has it in the order of reads, and where a new one would go', async () => {
    const { code, stdout } = await why(name)
    expect(code).toBe(0)
    expect(stdout).toContain(`${name} is in these shards; nodes are asked in this order\n`)
    expect(stdout.match(/found +4 B/g)).toHaveLength(2)
    expect(stdout).toContain(`A new upload of 64 KB by ${url} would go to\n`)
    expect(stdout).toMatch(/^full +0\.0 % +\d+ bytes would be more/m)
  })

  test('as JSON it has all shards and all coordinators', async () => {
    const { stdout } = await why(name, '--json')
    const { holders, coordinators } = JSON.parse(stdout) as {
      holders: { shard: string; nodes: { state: string }[] }[]
      coordinators: { explanation: { shards: { probability: number }[] } }[]
    }
    expect(holders.map(({ shard, nodes }) => [shard, nodes.map(({ state }) => state)])).toEqual([
      ['1', ['found', 'found']],
      ['2', ['missing']],
      ['full', ['missing']],
    ])
    const parts = coordinators[0]!.explanation.shards.map(({ probability }) => probability)
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(1)
  })

  test('that is the id of a shard needs --as name', async () => {
    const { stdout } = await why('1', '--as', 'name')
    expect(stdout).toContain('1 is in no shard that could be asked')
  })
})

test('coordinators that do not answer are said, and none at all is a failure', async () => {
  const { code, stdout } = await why('1', '--coordinator', 'http://127.0.0.1:1')
  expect(stdout).toContain('Coordinator http://127.0.0.1:1: it does not answer')
  expect(code).toBe(1)
})

test.each([
  { args: ['9', '--as', 'shard'], exit: 1, says: 'There is no shard "9".' },
  { args: ['1', '--size', '2gb'], exit: 2, says: 'size: must be from 1b to 1gb' },
  { args: ['1', '--coordinator', 'one:1'], exit: 2, says: 'coordinator: must be an address' },
])('$args is refused: $says', async ({ args, exit, says }) => {
  const { code, stderr } = await why(...args)
  expect(stderr).toContain(says)
  expect(code).toBe(exit)
})
