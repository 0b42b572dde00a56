// When shards are repaired, and by whom: real stores, a tree and a queue in files.
import {
  type ClusterSnapshot,
  FileTree,
  LocalQueue,
  pathOfName,
  type ReplicationQueue,
  type ServerNode,
} from '@backpack/cluster-model'
import { TemporaryDirectory, until } from '@backpack/test-cluster'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { RepairLoop, type RepairLoopOptions } from '../../src/repair/repair-loop.js'
import type { RepairReport } from '../../src/repair/repair-shard.js'
import { contentsOf, hoursAgo, openClient, plainCopies, startNodes, type StoreNode } from './store-nodes.js'

const neverMs = 24 * 3_600_000
const quick = { lookEveryMs: 20, retryMsMin: 20, retryMsMax: 40 }

function snapshotOf(shards: Readonly<Record<string, readonly ServerNode[]>>): ClusterSnapshot {
  const nodes = Object.values(shards).flat()
  return {
    servers: new Map(nodes.map((node) => [node.id, node])),
    shards: new Map(
      Object.entries(shards).map(([id, own]) => [
        id,
        {
          id,
          nodes: own,
          readOnly: false,
          capacityBytes: undefined,
          currentBytes: 0,
          access: 'open' as const,
          usedBytesMax: undefined,
          bucketFlags: 0,
          blobsMax: undefined,
        },
      ]),
    ),
    queue: undefined,
    daemons: [],
    adminAccess: 'open',
    problems: [],
  }
}

async function begin(nodes: readonly StoreNode[]) {
  const directory = new TemporaryDirectory()
  const openTree = async () => {
    const tree = await FileTree.open({ path: join(directory.path, 'tree.json') })
    onTestFinished(() => tree.close())
    return tree
  }
  onTestFinished(() => directory.remove())
  const queue = await LocalQueue.open({
    directory: join(directory.path, 'queue'),
    limits: { tasksPerTargetMax: 2 },
  })
  onTestFinished(() => queue.close())
  const client = openClient()
  const copies = plainCopies(nodes, client)
  const watch = { snapshot: snapshotOf({ '1': nodes }) }
  const start = (tree: FileTree, options: Partial<RepairLoopOptions> = {}) => {
    const reports: RepairReport[] = []
    const loop = new RepairLoop({
      tree,
      watch,
      queue,
      nodes: client,
      copyTask: copies.copyTask,
      repairEveryMs: neverMs,
      log: { info() {}, warn() {} },
      onReport: (report) => reports.push(report),
      ...options,
      limits: { ...quick, ...options.limits },
    })
    onTestFinished(() => loop.close())
    return { loop, reports }
  }
  return { queue, watch, start, openTree, ...copies }
}

/** Queues more for the node than is kept for it. */
async function overflow(queue: ReplicationQueue, to: string): Promise<void> {
  for (let number = 0; number < 4; number++) {
    await queue.push([{ op: 'copy', shard: '1', path: `/n${number}`, version: undefined, from: ['1'], to }])
  }
  expect(Object.keys((await queue.figures()).needsRepair)).toEqual([to])
}

const needing = async (queue: ReplicationQueue) => Object.keys((await queue.figures()).needsRepair)

test('a node that needs a repair is refilled at once, with what is brand-new too, and needs none any more', async () => {
  const nodes = await startNodes(3)
  const [one, two, three] = nodes as [StoreNode, StoreNode, StoreNode]
  for (let number = 0; number < 20; number++) await one.store().put(`n${number}`, Buffer.from('photo'))
  await one.store().put('old', Buffer.from('photo'), { version: hoursAgo(100) })
  const { queue, start, openTree } = await begin(nodes)
  await overflow(queue, '3')
  const { reports } = start(await openTree())
  await until(async () => (await needing(queue)).length === 0, 'no node needs a repair')
  expect(await contentsOf(three.store())).toEqual(await contentsOf(one.store()))
  expect(await contentsOf(two.store())).toEqual(await contentsOf(one.store()))
  expect(reports).toMatchObject([{ shard: '1', copied: 42, failed: 0, complete: true }])
})

test('a node that needs a repair and is away waits until it is back; until then no tasks are kept for it', async () => {
  const nodes = await startNodes(2)
  const [one, two] = nodes as [StoreNode, StoreNode]
  await one.store().put('a', Buffer.from('photo'))
  await two.stop()
  const { queue, start, openTree } = await begin(nodes)
  await overflow(queue, '2')
  const before = (await queue.figures()).total
  const said: string[] = []
  const log = { info: (_details: object, message: string) => said.push(message), warn() {} }
  const { reports } = start(await openTree(), { log })
  await until(() => said.length > 2, 'the node was asked a few times')
  expect(reports).toEqual([])
  await overflow(queue, '2')
  expect((await queue.figures()).total).toBe(before)
  await two.start()
  await until(async () => (await needing(queue)).length === 0, 'no node needs a repair')
  expect(await contentsOf(two.store())).toEqual(await contentsOf(one.store()))
})

test('a repair in which something failed is not the end of it: it is tried again', async () => {
  const nodes = await startNodes(2)
  const [one, two] = nodes as [StoreNode, StoreNode]
  for (const name of ['a', 'b', 'c']) await one.store().put(name, Buffer.from('photo'))
  const { queue, start, openTree, copyTask } = await begin(nodes)
  await overflow(queue, '2')
  let failures = 0
  const { reports } = start(await openTree(), {
    copyTask: async (task, signal) => {
      if (task.path === pathOfName('b') && failures++ < 2) return 'failed'
      return copyTask(task, signal)
    },
  })
  await until(async () => (await needing(queue)).length === 0, 'no node needs a repair')
  expect(reports.map(({ copied, failed }) => [copied, failed])).toEqual([
    [2, 1],
    [0, 1],
    [1, 0],
  ])
  expect(await contentsOf(two.store())).toEqual(await contentsOf(one.store()))
})

test('in the regular round old differences are repaired, and young ones left to the queue', async () => {
  const nodes = await startNodes(2)
  const [one, two] = nodes as [StoreNode, StoreNode]
  await one.store().put('old', Buffer.from('photo'), { version: hoursAgo(1) })
  await one.store().put('young', Buffer.from('photo'))
  const { start, openTree, names } = await begin(nodes)
  const { reports } = start(await openTree(), { repairEveryMs: 100 })
  await until(() => reports.length >= 3, 'three rounds are done')
  expect(names()).toEqual(['old'])
  expect([...(await contentsOf(two.store())).keys()]).toEqual(['old'])
  expect(reports.map(({ copied }) => copied).slice(0, 3)).toEqual([1, 0, 0])
})

test('of two replicators one repairs a shard, and the other when the first is gone', async () => {
  const nodes = await startNodes(2)
  const { start, openTree } = await begin(nodes)
  const first = start(await openTree(), { repairEveryMs: 50 })
  await until(() => first.reports.length > 0, 'the first one repairs')
  const second = start(await openTree(), { repairEveryMs: 50 })
  await until(() => first.reports.length > 5, 'some rounds are done')
  expect(second.reports).toEqual([])
  await first.loop.close()
  const done = first.reports.length
  await until(() => second.reports.length > 2, 'the second one repairs')
  expect(first.reports.length).toBe(done)
})

test('a shard that is added is repaired, one that is removed no more', async () => {
  const nodes = await startNodes(4)
  const { start, openTree, watch } = await begin(nodes.slice(0, 2))
  const { reports } = start(await openTree(), { repairEveryMs: 50 })
  const shards = () => reports.map(({ shard }) => shard)
  await until(() => shards().includes('1'), 'the first shard is repaired')
  watch.snapshot = snapshotOf({ '2': nodes.slice(2) })
  await until(() => shards().filter((shard) => shard === '2').length > 2, 'the second shard is repaired')
  const count = shards().filter((shard) => shard === '1').length
  await until(() => shards().filter((shard) => shard === '2').length > 6, 'it is repaired again')
  expect(shards().filter((shard) => shard === '1').length).toBe(count)
})

test('closing ends a repair under way, and the turn is free', async () => {
  const nodes = await startNodes(2)
  const [one] = nodes as [StoreNode]
  for (let number = 0; number < 50; number++) await one.store().put(`n${number}`, Buffer.from('photo'))
  const { queue, start, openTree } = await begin(nodes)
  await overflow(queue, '2')
  const tree = await openTree()
  let begun = 0
  const { loop, reports } = start(tree, {
    copyTask: (_task, signal) => {
      begun++
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      })
    },
  })
  await until(() => begun > 0, 'the repair is under way')
  expect(loop.running).toEqual(['1'])
  expect(await tree.children('/repairs')).toEqual(['1'])
  await loop.close()
  await loop.close()
  expect(reports).toMatchObject([{ copied: 0, failed: 0, complete: false }])
  expect(await needing(queue)).toEqual(['2'])
  expect(await tree.children('/repairs')).toEqual([])
})
