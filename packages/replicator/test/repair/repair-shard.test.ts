// One shard made equal, with real stores. What a copy does is the business of others: these are plain ones.
import { open } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { ClusterError, type NodeClient, type ServerNode } from '@backpack/cluster-model'
import { repairShard, type RepairOptions } from '../../src/repair/repair-shard.js'
import { contentsOf, hoursAgo, openClient, plainCopies, startNodes, type StoreNode } from './store-nodes.js'

const oddNames = [
  'a b',
  'q?w=1&h=2',
  '50%',
  '%2F',
  '../up',
  '//x',
  '1:2:3',
  '\u{1f408}.png',
  'n'.repeat(1024),
]

async function putOn(
  nodes: readonly StoreNode[],
  name: string,
  text: string,
  version: bigint,
): Promise<void> {
  for (const node of nodes)
    await node.store().put(name, Buffer.from(text), { version, contentType: 'image/png' })
}

function setUp(nodes: readonly ServerNode[]) {
  const client = openClient()
  const copies = plainCopies(nodes, client)
  const repair = (options: Partial<RepairOptions> = {}) =>
    repairShard({
      shard: { id: '1', nodes },
      nodes: client,
      beforeMs: Date.now() + 1,
      copyTask: copies.copyTask,
      signal: new AbortController().signal,
      ...options,
    })
  return { ...copies, repair }
}

async function expectEqual(nodes: readonly StoreNode[]): Promise<void> {
  const [first, ...others] = await Promise.all(nodes.map((node) => contentsOf(node.store())))
  for (const other of others) expect(other).toEqual(first)
}

/** A node that answers as `listener` says. */
async function falseNode(id: string, listener: RequestListener): Promise<ServerNode> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  return { id, host: '127.0.0.1', port, url: `http://127.0.0.1:${port}` }
}

test('equal nodes: nothing is listed, nothing is copied', async () => {
  const nodes = await startNodes(3)
  for (let number = 0; number < 50; number++) await putOn(nodes, `n${number}`, 'x', hoursAgo(number))
  const { tasks, repair } = setUp(nodes)
  const report = await repair()
  expect(report).toMatchObject({
    shard: '1',
    differing: 0,
    copied: 0,
    failed: 0,
    unreachable: [],
    complete: true,
  })
  expect(report.compared).toBeGreaterThan(40)
  expect(tasks).toEqual([])
})

test('a wiped node gets everything back, byte for byte and with the same ETags', async () => {
  const nodes = await startNodes(3)
  const [, second] = nodes as [StoreNode, StoreNode, StoreNode]
  for (const [at, name] of oddNames.entries()) await putOn(nodes, name, `photo ${name}`, hoursAgo(at))
  await putOn(nodes, 'large', 'l'.repeat(3_000_000), hoursAgo(1))
  const version = hoursAgo(0.5)
  for (const node of nodes) await node.store().delete('50%', { version })
  await second.wipe()
  const { repair } = setUp(nodes)
  expect(await repair()).toMatchObject({ copied: 9, deleted: 1, failed: 0, complete: true })
  await expectEqual(nodes)
  expect((await contentsOf(second.store())).size).toBe(10)
  expect(await repair()).toMatchObject({ differing: 0, copied: 0 })
})

test('each node gets what it lost from the others', async () => {
  const nodes = await startNodes(3)
  for (let number = 0; number < 60; number++) {
    await putOn(
      nodes.filter((_, at) => at !== number % 3),
      `n${number}`,
      `photo ${number}`,
      hoursAgo(number / 10),
    )
  }
  const { repair, names } = setUp(nodes)
  expect(await repair()).toMatchObject({ copied: 60, failed: 0, complete: true })
  expect(new Set(names()).size).toBe(60)
  await expectEqual(nodes)
})

test('overwrites go to the newer, deletes to where the blob still is, on whichever node they are', async () => {
  const nodes = await startNodes(2)
  const [one, two] = nodes as [StoreNode, StoreNode]
  await putOn(nodes, 'a', 'old', hoursAgo(9))
  await putOn([one], 'a', 'new', hoursAgo(1))
  await putOn(nodes, 'b', 'old', hoursAgo(9))
  await putOn([two], 'b', 'new', hoursAgo(2))
  await putOn(nodes, 'c', 'old', hoursAgo(9))
  await two.store().delete('c', { version: hoursAgo(3) })
  await putOn([one], 'd', 'came back', hoursAgo(1))
  await two.store().delete('d', { version: hoursAgo(3) })
  const { repair } = setUp(nodes)
  expect(await repair()).toMatchObject({ copied: 3, deleted: 1, failed: 0, complete: true })
  await expectEqual(nodes)
  for (const { store } of nodes) {
    expect((await store().get('a'))?.data.toString()).toBe('new')
    expect((await store().get('b'))?.data.toString()).toBe('new')
    expect(await store().get('c')).toBeUndefined()
    expect((await store().get('d'))?.data.toString()).toBe('came back')
  }
})

test('what is younger than the time given is left to the queue', async () => {
  const nodes = await startNodes(2)
  await putOn(nodes.slice(0, 1), 'young', 'x', hoursAgo(1))
  await putOn(nodes.slice(0, 1), 'old', 'x', hoursAgo(3))
  const { repair, names } = setUp(nodes)
  await repair({ beforeMs: Date.now() - 2 * 3_600_000 })
  expect(names()).toEqual(['old'])
})

test('a needle that a read found damaged is healed', async () => {
  const nodes = await startNodes(2)
  const [one] = nodes as [StoreNode]
  await putOn(nodes, 'a', 'x'.repeat(100), hoursAgo(1))
  const { location } = (await one.store().head('a'))!
  const file = await open(`${one.path}/volumes/00000001.volume`, 'r+')
  await file.write(Buffer.from('y'), 0, 1, location.offsetBytes + location.lengthBytes - 50)
  await file.close()
  await expect(one.store().get('a')).rejects.toMatchObject({ code: 'BLOB_DAMAGED' })
  const { repair } = setUp(nodes)
  expect(await repair()).toMatchObject({ copied: 1, complete: true })
  await expectEqual(nodes)
})

test('much that differs is listed in slices, a large bucket in parts', async () => {
  const nodes = await startNodes(2)
  const version = hoursAgo(5)
  for (let number = 0; number < 200; number++) {
    await putOn(nodes.slice(0, 1), `one hour ${number}`, 'x', version)
    await putOn(nodes.slice(0, 1), `many hours ${number}`, 'x', hoursAgo(10 + number))
  }
  const { repair } = setUp(nodes)
  expect(await repair({ limits: { sliceNamesMax: 5 } })).toMatchObject({ copied: 400, complete: true })
  await expectEqual(nodes)
})

test('a node that makes a digest for somebody else is asked again', async () => {
  const nodes = await startNodes(2)
  await putOn(nodes.slice(0, 1), 'a', 'x', hoursAgo(1))
  const { repair } = setUp(nodes)
  let refused = 0
  const client = openClient()
  const getStream: NodeClient['getStream'] = (node, target, signal) => {
    if (refused++ > 0) return client.getStream(node, target, signal)
    return Promise.reject(new ClusterError('NODE_AWAY', 'busy', { nodeId: node.id, status: 503 }))
  }
  expect(await repair({ nodes: { getStream } })).toMatchObject({ copied: 1, complete: true })
})

test('a node that is away is said; the others are made equal', async () => {
  const nodes = await startNodes(3)
  const [first, second, third] = nodes as [StoreNode, StoreNode, StoreNode]
  await putOn([third], 'a', 'x', hoursAgo(1))
  await first.stop()
  const { repair } = setUp(nodes)
  const report = await repair()
  expect(report).toMatchObject({ copied: 1, failed: 0, complete: false })
  expect(report.unreachable).toMatchObject([{ nodeId: '1' }])
  expect((await contentsOf(second.store())).size).toBe(1)
  await second.stop()
  expect(await repair()).toMatchObject({
    compared: 0,
    complete: false,
    unreachable: [{ nodeId: '1' }, { nodeId: '2' }],
  })
})

test('a shard of one node is complete', async () => {
  const nodes = await startNodes(1)
  const { repair } = setUp(nodes)
  expect(await repair()).toMatchObject({ compared: 0, complete: true })
})

test.each([
  { what: 'is no JSON', line: '<html>\n' },
  {
    what: 'names no bucket',
    line: '{"bucket":"1-16","live":{"count":1,"sum":"0000000000000001"},"tombstones":{"count":0,"sum":"0000000000000000"}}\n',
  },
  { what: 'has no end', line: '{"bucket"' },
  { what: 'never ends', line: 'x'.repeat(100_000) },
])('a digest that $what leaves its node out', async ({ line }) => {
  const nodes = await startNodes(2)
  await putOn(nodes.slice(0, 1), 'a', 'x', hoursAgo(1))
  const broken = await falseNode('9', (_request, response) => response.end(line))
  const { repair, tasks } = setUp([broken, ...nodes])
  const report = await repair()
  expect(report).toMatchObject({ copied: 1, complete: false, unreachable: [{ nodeId: '9' }] })
  expect(tasks.map(({ from, to }) => [from, to])).toEqual([[['1'], '2']])
})

test.each([
  { what: 'breaks off', end: (line: string) => [line.slice(0, 30)] },
  { what: 'breaks off behind a line', end: (line: string) => [line] },
  { what: 'has nonsense in it', end: (line: string) => [line, '{"name":"b"}\n'] },
])(
  'a listing that $what leaves its node out, and nothing is done for what it said',
  async ({ what, end }) => {
    const nodes = await startNodes(2)
    await putOn(nodes, 'a', 'x', hoursAgo(1))
    const broken = await falseNode('9', (request, response) => {
      if (request.url?.startsWith('/-/digest?') === true) {
        response.end()
        return
      }
      const line = JSON.stringify({
        name: 'evil',
        version: 'f'.repeat(16),
        checksum: '00000000',
        tombstone: true,
      })
      for (const piece of end(`${line}\n`)) response.write(piece)
      if (what.startsWith('breaks')) setImmediate(() => response.destroy())
      else response.end()
    })
    const { repair, tasks } = setUp([...nodes, broken])
    expect(await repair()).toMatchObject({ differing: 1, complete: false, unreachable: [{ nodeId: '9' }] })
    expect(tasks).toEqual([])
  },
)

test('a listing of far more names than its digest counted is not held in memory', async () => {
  const nodes = await startNodes(1)
  await putOn(nodes, 'a', 'x', hoursAgo(1))
  const endless = await falseNode('9', (request, response) => {
    if (request.url?.startsWith('/-/digest?') === true) {
      response.end()
      return
    }
    const entry = (number: number) => ({
      name: `n${number}`,
      version: '0'.repeat(16),
      checksum: '00000000',
      tombstone: false,
    })
    response.end(Array.from({ length: 50 }, (_, number) => `${JSON.stringify(entry(number))}\n`).join(''))
  })
  const { repair } = setUp([...nodes, endless])
  const report = await repair({ limits: { sliceNamesMax: 10 } })
  expect(report.unreachable[0]?.reason).toContain('more than 40 names')
})

test('copies that fail are counted, and the others made', async () => {
  const nodes = await startNodes(2)
  for (let number = 0; number < 10; number++) await putOn(nodes.slice(0, 1), `n${number}`, 'x', hoursAgo(1))
  const { repair, copyTask } = setUp(nodes)
  const report = await repair({
    copyTask: async (task, signal) => {
      if (task.path === '/n3') return 'failed'
      if (task.path === '/n4') throw new Error('a bug')
      return copyTask(task, signal)
    },
  })
  expect(report).toMatchObject({ copied: 8, failed: 2, complete: true })
})

test('a node for which every copy fails is left out after some', async () => {
  const nodes = await startNodes(3)
  for (let number = 0; number < 100; number++) await putOn(nodes.slice(0, 1), `n${number}`, 'x', hoursAgo(1))
  const { repair, copyTask, tasks } = setUp(nodes)
  let tried = 0
  const report = await repair({
    limits: { failuresMax: 5, tasksAtOnce: 1 },
    copyTask: (task, signal) => {
      if (task.to !== '2') return copyTask(task, signal)
      tried++
      return Promise.resolve('failed')
    },
  })
  expect(tried).toBe(5)
  expect(report).toMatchObject({ copied: 100, failed: 100, complete: false, unreachable: [{ nodeId: '2' }] })
  expect(tasks.every(({ to }) => to === '3')).toBe(true)
})

test('no more copies are made at once than the limit', async () => {
  const nodes = await startNodes(2)
  for (let number = 0; number < 50; number++) await putOn(nodes.slice(0, 1), `n${number}`, 'x', hoursAgo(1))
  const { repair } = setUp(nodes)
  let now = 0
  let most = 0
  await repair({
    limits: { tasksAtOnce: 3 },
    copyTask: async () => {
      most = Math.max(most, ++now)
      await new Promise(setImmediate)
      now--
      return 'done'
    },
  })
  expect(most).toBe(3)
})

test('a repair that may not go on, or is aborted, ends and says that it is not complete', async () => {
  const nodes = await startNodes(2)
  for (let number = 0; number < 20; number++) await putOn(nodes.slice(0, 1), `n${number}`, 'x', hoursAgo(1))
  const { repair, copyTask, tasks } = setUp(nodes)
  expect(await repair({ mayGoOn: () => false })).toMatchObject({ copied: 0, complete: false })
  const abort = new AbortController()
  const report = await repair({
    signal: abort.signal,
    limits: { tasksAtOnce: 1 },
    copyTask: async (task, signal) => {
      if (tasks.length === 4) abort.abort(new Error('closing'))
      return copyTask(task, signal)
    },
  })
  expect(report).toMatchObject({ copied: 5, complete: false })
  expect(await repair({ signal: AbortSignal.abort(new Error('closed')) })).toMatchObject({ complete: false })
})
