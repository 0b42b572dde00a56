// What a copy is: the same blob on another node, whatever its name and size.
import { until } from '@backpack/test-cluster'
import { expect, test } from 'vitest'
import { patternBytes } from './helpers/pattern-bytes.js'
import { hashOf, SmallCluster, versionOf } from './helpers/small-cluster.js'

const names = [
  'plain.jpg',
  'a?b=c&d',
  '100%.jpg',
  '%41 stays',
  'with space and +plus',
  '1:colon:again.jpg',
  '😀/photo-é.jpg',
  '/leading//double//slashes',
  '../not/../resolved/./',
  '#hash;semi',
]

test('a copy has the bytes, ETag and content type of its source, for every odd name', async () => {
  const cluster = await SmallCluster.start()
  const replicator = await cluster.replicate()
  for (const [index, name] of names.entries()) {
    const version = await cluster.put('1', name, patternBytes(1_000 + index, index), {
      contentType: `image/x-test-${index}`,
    })
    await cluster.queue.push([cluster.copyTask(name, { version })])
  }
  await cluster.drained()
  for (const [index, name] of names.entries()) {
    const source = await cluster.read('1', name)
    expect(await cluster.read('2', name), name).toEqual(source)
    expect(source).toMatchObject({ hash: hashOf(patternBytes(1_000 + index, index)) })
    expect(source).toMatchObject({ contentType: `image/x-test-${index}` })
  }
  expect(await replicator.stats()).toMatchObject({ copied: names.length, failed: 0, parked: 0 })
})

test.each([1, 1024 * 1024, 1024 * 1024 + 1, 9_000_001])(
  'a blob of %i bytes is copied whole',
  async (sizeBytes) => {
    const cluster = await SmallCluster.start()
    await cluster.replicate()
    await cluster.upload('blob', patternBytes(sizeBytes))
    await cluster.drained()
    const copy = await cluster.read('2', 'blob')
    expect(copy).toEqual(await cluster.read('1', 'blob'))
    expect(copy).toMatchObject({ sizeBytes, hash: hashOf(patternBytes(sizeBytes)) })
  },
)

test('a task that was done before makes no new needle', async () => {
  const cluster = await SmallCluster.start()
  const replicator = await cluster.replicate()
  const version = await cluster.upload('done.jpg', patternBytes(5_000))
  await cluster.drained()
  const usedBytes = await cluster.usedBytes('2')
  await cluster.queue.push([
    cluster.copyTask('done.jpg', { version }),
    cluster.copyTask('done.jpg', { version: undefined, shard: undefined }),
    cluster.copyTask('done.jpg', { version, from: [] }),
  ])
  await cluster.drained()
  expect(await cluster.usedBytes('2')).toBe(usedBytes)
  expect(await replicator.stats()).toMatchObject({ copied: 1, closed: 3, failed: 0 })
})

test('a task of 2013, which names neither shard nor version, copies what its source has', async () => {
  const cluster = await SmallCluster.start()
  await cluster.replicate()
  await cluster.put('1', 'old.jpg', patternBytes(100, 1))
  await cluster.put('1', 'old.jpg', patternBytes(100, 2))
  await cluster.queue.push([cluster.copyTask('old.jpg', { shard: undefined, version: undefined })])
  await cluster.drained()
  expect(await cluster.read('2', 'old.jpg')).toMatchObject({ hash: hashOf(patternBytes(100, 2)) })
})

test('overwrites while copies are under way end as the newest one on every node', async () => {
  const cluster = await SmallCluster.start({ shards: { '1': ['1', '2', '3'] } })
  await cluster.replicate()
  for (let round = 0; round < 40; round++) {
    await cluster.upload('often.jpg', patternBytes(2_000, round), { to: ['2', '3'] })
  }
  await cluster.drained()
  for (const id of ['1', '2', '3']) {
    expect(await cluster.read(id, 'often.jpg'), id).toMatchObject({ hash: hashOf(patternBytes(2_000, 39)) })
  }
})

test('a copy of an older version never replaces a newer one at the target', async () => {
  const cluster = await SmallCluster.start()
  const version = await cluster.put('1', 'cat.jpg', patternBytes(100, 1), { version: versionOf(1_000) })
  await cluster.put('2', 'cat.jpg', patternBytes(100, 2))
  await cluster.replicate()
  await cluster.queue.push([cluster.copyTask('cat.jpg', { version })])
  await cluster.drained()
  expect(await cluster.read('2', 'cat.jpg')).toMatchObject({ hash: hashOf(patternBytes(100, 2)) })
})

test('a delete is not undone by a copy that was queued before it', async () => {
  const cluster = await SmallCluster.start()
  await cluster.upload('gone.jpg', patternBytes(100))
  const { version } = await cluster.store('1').store.delete('gone.jpg')
  const deletedVersion = (version ?? 0n).toString(16).padStart(16, '0')
  const replicator = await cluster.replicate()
  await cluster.drained()
  expect(await cluster.read('2', 'gone.jpg')).toBe('deleted')
  expect(await cluster.nodes.head(cluster.store('2').node, '/gone.jpg')).toEqual({
    outcome: 'deleted',
    version: deletedVersion,
  })
  expect(await replicator.stats()).toMatchObject({ copied: 0, deleted: 1 })
})

test('a queued delete leaves a tombstone of its version, also where the blob never was', async () => {
  const cluster = await SmallCluster.start()
  await cluster.replicate()
  await cluster.put('2', 'both.jpg', patternBytes(100), { version: versionOf(1_000) })
  const version = await cluster.put('1', 'both.jpg', patternBytes(100))
  const { path } = cluster.copyTask('both.jpg')
  await cluster.queue.push([
    { op: 'delete', shard: '1', path, version, from: [], to: '2' },
    { op: 'delete', shard: '1', path: '/never.jpg', version, from: [], to: '2' },
  ])
  await cluster.drained()
  const deleted = { outcome: 'deleted', version }
  expect(await cluster.nodes.head(cluster.store('2').node, path)).toEqual(deleted)
  expect(await cluster.nodes.head(cluster.store('2').node, '/never.jpg')).toEqual(deleted)
})

test('a queued delete leaves a newer blob alone', async () => {
  const cluster = await SmallCluster.start()
  const version = await cluster.put('1', 'again.jpg', patternBytes(100, 1), { version: versionOf(1_000) })
  await cluster.put('2', 'again.jpg', patternBytes(100, 2))
  await cluster.replicate()
  await cluster.queue.push([{ op: 'delete', shard: '1', path: '/again.jpg', version, from: [], to: '2' }])
  await cluster.drained()
  expect(await cluster.read('2', 'again.jpg')).toMatchObject({ hash: hashOf(patternBytes(100, 2)) })
})

test('a copy is there soon after it was queued to an idle replicator', async () => {
  const cluster = await SmallCluster.start()
  await cluster.replicate()
  for (let round = 0; round < 10; round++) {
    await cluster.upload(`soon-${round}`, patternBytes(100))
    await until(async () => (await cluster.read('2', `soon-${round}`)) !== undefined, 'it is copied')
  }
})
