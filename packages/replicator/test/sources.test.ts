// Where a copy comes from when the first choice does not give it, and what becomes of tasks whose blob is nowhere.
import { until } from '@backpack/test-cluster'
import { expect, test } from 'vitest'
import { patternBytes } from './helpers/pattern-bytes.js'
import { hashOf, SmallCluster, versionOf } from './helpers/small-cluster.js'

const threeNodes = { shards: { '1': ['1', '2', '3'] } }

/** In the order of two reads: what the store sends is wrong in the last byte of a body that ends with this text. */
const marker = Buffer.from('the end of the blob')

function damaged(chunk: Buffer): Buffer {
  const at = chunk.lastIndexOf(marker)
  if (at === -1) return chunk
  const changed = Buffer.from(chunk)
  changed[at] = 0
  return changed
}

test('a source that lost its copy is passed over for another node of the shard', async () => {
  const cluster = await SmallCluster.start(threeNodes)
  await cluster.replicate()
  const version = await cluster.put('3', 'lost.jpg', patternBytes(100))
  await cluster.queue.push([cluster.copyTask('lost.jpg', { from: ['1'], to: '2', version })])
  await cluster.drained()
  expect(await cluster.read('2', 'lost.jpg')).toMatchObject({ hash: hashOf(patternBytes(100)) })
})

test('a source with an older version than the task wants is passed over', async () => {
  const cluster = await SmallCluster.start(threeNodes)
  await cluster.replicate()
  await cluster.put('1', 'old.jpg', patternBytes(100, 1), { version: versionOf(2_000) })
  const version = await cluster.put('3', 'old.jpg', patternBytes(100, 3))
  await cluster.queue.push([cluster.copyTask('old.jpg', { from: ['1'], to: '2', version })])
  await cluster.drained()
  expect(await cluster.read('2', 'old.jpg')).toMatchObject({ hash: hashOf(patternBytes(100, 3)) })
})

test('an older tombstone at a source does not keep a blob of after it from its copies', async () => {
  const cluster = await SmallCluster.start(threeNodes)
  await cluster.replicate()
  await cluster.nodes.delete(cluster.store('1').node, '/back.jpg', versionOf(2_000))
  const version = await cluster.put('3', 'back.jpg', patternBytes(100))
  await cluster.queue.push([cluster.copyTask('back.jpg', { from: ['1'], to: '2', version })])
  await cluster.drained()
  expect(await cluster.read('2', 'back.jpg')).toMatchObject({ hash: hashOf(patternBytes(100)) })
})

test('a source that is away is passed over, and its node is noticed as away', async () => {
  const cluster = await SmallCluster.start(threeNodes)
  const version = await cluster.put('1', 'away.jpg', patternBytes(100))
  await cluster.put('3', 'away.jpg', patternBytes(100), { version })
  await cluster.store('1').stop()
  const replicator = await cluster.replicate()
  await cluster.queue.push([cluster.copyTask('away.jpg', { from: ['1'], to: '2', version })])
  await cluster.drained()
  expect(await cluster.read('2', 'away.jpg')).toMatchObject({ hash: hashOf(patternBytes(100)) })
  expect((await replicator.stats()).awayNodes).toEqual(['1'])
})

test('a task whose only source is away is never parked, and done soon after that is back', async () => {
  const cluster = await SmallCluster.start()
  await cluster.upload('waits.jpg', patternBytes(100))
  await cluster.store('1').stop()
  const replicator = await cluster.replicate({
    limits: { attemptsMax: 1, attemptsWithoutSource: 1, probeEveryMs: 50 },
  })
  await until(async () => (await replicator.stats()).failed >= 2, 'it failed twice')
  await cluster.store('1').start()
  await cluster.drained()
  expect(await cluster.read('2', 'waits.jpg')).toMatchObject({ hash: hashOf(patternBytes(100)) })
  expect(await replicator.stats()).toMatchObject({ parked: 0, queue: { parked: 0 } })
})

test.each([30_000, 3_000_000])(
  'what a source sends damaged reaches no target; another source is asked, %i bytes',
  async (sizeBytes) => {
    const cluster = await SmallCluster.start({ ...threeNodes, proxied: ['1'] })
    const data = Buffer.concat([patternBytes(sizeBytes - marker.length), marker])
    const version = await cluster.put('1', 'damaged', data)
    await cluster.put('3', 'damaged', data, { version })
    cluster.proxy('1').weather = { onAnswer: damaged }
    const usedBytes = await cluster.usedBytes('2')
    await cluster.replicate()
    await cluster.queue.push([cluster.copyTask('damaged', { from: ['1'], to: '2', version })])
    await cluster.drained()
    expect(await cluster.read('2', 'damaged')).toEqual(await cluster.read('3', 'damaged'))
    expect((await cluster.usedBytes('2')) - usedBytes).toBeLessThan(sizeBytes + 8_192)
  },
)

test('a blob that is damaged at its only source is not copied, and its task is parked', async () => {
  const cluster = await SmallCluster.start({ proxied: ['1'] })
  const data = Buffer.concat([patternBytes(30_000), marker])
  cluster.proxy('1').weather = { onAnswer: damaged }
  await cluster.replicate({ limits: { attemptsMax: 1 } })
  await cluster.upload('damaged', data)
  await until(async () => (await cluster.queue.figures()).parked === 1, 'it is parked')
  expect(await cluster.read('2', 'damaged')).toBeUndefined()
  const [parked] = await cluster.queue.parked(10)
  expect(parked?.reason).toMatch(/^No source gives the blob: 1: .*checksum/)
})

test('tasks whose blob is nowhere are parked with the nodes that were asked, and do not slow others', async () => {
  const cluster = await SmallCluster.start(threeNodes)
  const version = await cluster.put('1', 'other.jpg', patternBytes(100))
  const nowhere = Array.from({ length: 200 }, (_, at) => {
    return cluster.copyTask(`nowhere-${at}`, { from: ['1'], to: '2', version })
  })
  await cluster.queue.push(nowhere)
  const attempts = 4
  const replicator = await cluster.replicate({ limits: { attemptsWithoutSource: attempts } })
  await cluster.queue.push([cluster.copyTask('other.jpg', { version })])
  await until(async () => (await cluster.read('2', 'other.jpg')) !== undefined, 'it is copied')
  // They fail again, seconds later: the other one did not wait for that.
  expect((await cluster.queue.figures()).parked).toBeLessThan(nowhere.length)
  await until(async () => (await cluster.queue.figures()).parked === nowhere.length, 'all are parked')
  const [parked] = await cluster.queue.parked(1)
  expect(parked?.reason).toBe('No node has the blob: 1 answers 404; 3 answers 404')
  expect(await replicator.stats()).toMatchObject({
    copied: 1,
    failed: attempts * nowhere.length,
    parked: nowhere.length,
  })
})

test('a parked task is done after a retry once its blob is there', async () => {
  const cluster = await SmallCluster.start()
  await cluster.replicate({ limits: { attemptsWithoutSource: 1 } })
  await cluster.queue.push([cluster.copyTask('late.jpg')])
  await until(async () => (await cluster.queue.figures()).parked === 1, 'it is parked')
  await cluster.put('1', 'late.jpg', patternBytes(100))
  expect(await cluster.queue.retry()).toBe(1)
  await cluster.drained()
  expect(await cluster.read('2', 'late.jpg')).toMatchObject({ hash: hashOf(patternBytes(100)) })
})

test.each([
  ['a name that no store takes', '/%FF', /400|UTF-8/],
  ['a reserved name', '/-/stats', /./],
])('a task for %s is parked, not tried for ever', async (_, path, reason) => {
  const cluster = await SmallCluster.start()
  await cluster.replicate({ limits: { attemptsMax: 1 } })
  await cluster.queue.push([{ op: 'copy', shard: '1', path, version: undefined, from: ['1'], to: '2' }])
  await until(async () => (await cluster.queue.figures()).parked === 1, 'it is parked')
  expect((await cluster.queue.parked(1))[0]?.reason).toMatch(reason)
})
