// Copies that are waited for, and copies made because no queue would take their tasks.
import { ClusterError, type ReplicationQueue } from '@backpack/cluster-model'
import { describe, expect, test } from 'vitest'
import { deadAddress } from './helpers/false-node.js'
import { jsonOf, patternBytes, send } from './helpers/http-request.js'
import { dueTasks, type SmallCluster, smallCluster, untilSeen } from './helpers/small-cluster.js'
import { until } from './helpers/until.js'

/** The same queue behind a switch: while it is off, push() fails as it does when no server of a queue answers. */
function switched() {
  const state = { away: true }
  const wrapQueue = (queue: ReplicationQueue): ReplicationQueue =>
    new Proxy(queue, {
      get(target, property) {
        if (property === 'push' && state.away) {
          return () => Promise.reject(new ClusterError('QUEUE_AWAY', 'No queue server answers'))
        }
        const value: unknown = Reflect.get(target, property)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
  return { state, wrapQueue }
}

async function etagsOf({ nodes }: SmallCluster, name: string): Promise<string[]> {
  const infos = await Promise.all([...nodes.values()].map(({ store }) => store.head(name)))
  return infos.flatMap((info) => (info === undefined ? [] : [info.etag]))
}

describe.each([
  ['a small body', 1000],
  ['a large body', 3 * 1024 * 1024],
])('with %s', (_, sizeBytes) => {
  const body = patternBytes(sizeBytes)

  test('as many copies as asked for are there at the answer, the rest is queued', async () => {
    const cluster = await smallCluster({ nodesPerShard: [3] })
    const answer = await send(cluster.port, 'PUT', '/a', { body, headers: { 'X-Backpack-Copies': '2' } })
    expect([answer.status, answer.headers['x-backpack-copies']]).toEqual([200, '2'])
    expect(await etagsOf(cluster, 'a')).toEqual([answer.headers.etag, answer.headers.etag])
    const tasks = (await dueTasks(cluster.queue)).map(({ task }) => task)
    expect(tasks).toHaveLength(1)
    expect(tasks[0]!.from).toHaveLength(2)
  })

  test('all copies leave nothing to queue', async () => {
    const cluster = await smallCluster({ nodesPerShard: [3], options: { copies: 3 } })
    const answer = await send(cluster.port, 'PUT', '/a', { body })
    expect([answer.status, answer.headers['x-backpack-copies']]).toEqual([200, '3'])
    expect(await etagsOf(cluster, 'a')).toHaveLength(3)
    expect(await dueTasks(cluster.queue)).toEqual([])
  })

  test('a copy that one node does not take is made at another', async () => {
    const cluster = await smallCluster({ nodesPerShard: [3], otherNodes: { 12: await deadAddress() } })
    const answer = await send(cluster.port, 'PUT', '/a', { body, headers: { 'X-Backpack-Copies': '2' } })
    expect(answer.status).toBe(200)
    expect(await etagsOf(cluster, 'a')).toHaveLength(2)
    expect((await dueTasks(cluster.queue)).map(({ task }) => task.to)).toEqual(['12'])
  })

  test('fewer copies than asked for are 503 with their number, and the rest is queued all the same', async () => {
    const cluster = await smallCluster({ otherNodes: { 12: await deadAddress() } })
    const answer = await send(cluster.port, 'PUT', '/a', { body, headers: { 'X-Backpack-Copies': '2' } })
    expect([answer.status, jsonOf(answer)['code']]).toEqual([503, 'COPIES_MISSING'])
    expect(answer.headers).toMatchObject({ 'x-backpack-copies': '1', 'retry-after': '1' })
    expect((await dueTasks(cluster.queue)).map(({ task }) => task.to)).toEqual(['12'])
  })

  test('while no queue takes tasks all copies are made before the answer', async () => {
    const { wrapQueue } = switched()
    const cluster = await smallCluster({ nodesPerShard: [3], wrapQueue })
    const answer = await send(cluster.port, 'PUT', '/a', { body })
    expect([answer.status, answer.headers['x-backpack-copies']]).toEqual([200, '3'])
    expect(await etagsOf(cluster, 'a')).toHaveLength(3)
  })
})

test('while no queue takes tasks and a node is away, an upload is 503: never a single copy that counts', async () => {
  const { wrapQueue, state } = switched()
  const otherNodes = { 12: await deadAddress() }
  const cluster = await smallCluster({ otherNodes, wrapQueue, limits: { queueAwayMs: 50 } })
  const answer = await send(cluster.port, 'PUT', '/a', { body: 'x' })
  expect([answer.status, jsonOf(answer)['code']]).toEqual([503, 'QUEUE_AWAY'])
  expect(answer.headers).toMatchObject({ 'x-backpack-copies': '1', 'retry-after': '1' })
  state.away = false
  await until(
    async () => (await send(cluster.port, 'PUT', '/a', { body: 'x' })).status === 200,
    'it is asked again',
  )
  expect((await dueTasks(cluster.queue)).map(({ task }) => task.to)).toEqual(['12'])
})

test('while no queue is known to take tasks and every shard has a node away, nothing is stored', async () => {
  const { wrapQueue } = switched()
  const cluster = await smallCluster({
    nodesPerShard: [2, 2],
    otherNodes: { 12: await deadAddress(), 22: await deadAddress() },
    wrapQueue,
    limits: { queueAwayMs: 3_600_000 },
  })
  await untilSeen(cluster, '12', 'down')
  await untilSeen(cluster, '22', 'down')
  const copies = []
  for (const name of ['a', 'b', 'c']) {
    const answer = await send(cluster.port, 'PUT', `/${name}`, { body: 'x' })
    expect([answer.status, jsonOf(answer)['code']]).toEqual([503, 'QUEUE_AWAY'])
    copies.push(answer.headers['x-backpack-copies'])
  }
  // Only the first one had to find it out.
  expect(copies).toEqual(['1', '0', '0'])
  for (const name of ['b', 'c']) expect(await etagsOf(cluster, name)).toEqual([])
})

test('while no queue takes tasks, shards with a node away are left out', async () => {
  const { wrapQueue } = switched()
  const cluster = await smallCluster({
    nodesPerShard: [2, 2],
    otherNodes: { 12: await deadAddress() },
    wrapQueue,
    limits: { queueAwayMs: 3_600_000 },
  })
  for (let at = 0; at < 20; at++) {
    const answer = await send(cluster.port, 'PUT', `/${at}`, { body: 'x' })
    expect([answer.status, jsonOf(answer), answer.headers['x-backpack-copies']]).toEqual([
      200,
      { shard_id: '2' },
      '2',
    ])
  }
})

test('more copies than any shard has nodes are 503 before anything is stored', async () => {
  const cluster = await smallCluster({ nodesPerShard: [2, 2] })
  for (const headers of [
    { 'X-Backpack-Copies': '3' },
    { 'X-Backpack-Copies': '3', 'X-Backpack-Shard': '1' },
  ]) {
    const answer = await send(cluster.port, 'PUT', '/a', { body: 'x', headers })
    expect([answer.status, jsonOf(answer)['code'], answer.headers['x-backpack-copies']]).toEqual([
      503,
      'COPIES_MISSING',
      '0',
    ])
  }
  expect(await etagsOf(cluster, 'a')).toEqual([])
})

test('two copies go where there are two nodes', async () => {
  const cluster = await smallCluster({ nodesPerShard: [1, 2], options: { copies: 2 } })
  for (let at = 0; at < 20; at++) {
    expect(jsonOf(await send(cluster.port, 'PUT', `/${at}`, { body: 'x' }))).toEqual({ shard_id: '2' })
  }
})

test('a shard that is read-only refuses an overwrite', async () => {
  const { setShardWritable } = await import('@backpack/cluster-model')
  const cluster = await smallCluster({ nodesPerShard: [1, 1] })
  await setShardWritable(cluster.tree, { id: '1', writable: false }, {})
  await until(
    () => cluster.coordinator.snapshot.shards.get('1')?.readOnly === true,
    'it is seen to be read-only',
  )
  const answer = await send(cluster.port, 'PUT', '/a', { body: 'x', headers: { 'X-Backpack-Shard': '1' } })
  expect([answer.status, jsonOf(answer)['code']]).toEqual([409, 'SHARD_READ_ONLY'])
  for (let at = 0; at < 20; at++) {
    expect(jsonOf(await send(cluster.port, 'PUT', `/${at}`, { body: 'x' }))).toEqual({ shard_id: '2' })
  }
})
