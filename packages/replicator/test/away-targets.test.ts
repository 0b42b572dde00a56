// A target that cannot take its copies: its tasks wait, those of others do not, and it catches up at once.
import { StoreError } from '@backpack/store'
import { until } from '@backpack/test-cluster'
import { expect, test } from 'vitest'
import { patternBytes } from './helpers/pattern-bytes.js'
import { hashOf, SmallCluster } from './helpers/small-cluster.js'

const threeNodes = { shards: { '1': ['1', '2', '3'] } }
const quickLooks = { probeEveryMs: 50 }

test('while one target is away the others get their copies, and when it is back it catches up', async () => {
  const cluster = await SmallCluster.start(threeNodes)
  await cluster.store('2').stop()
  const replicator = await cluster.replicate({ limits: quickLooks })
  const count = 300
  for (let at = 0; at < count; at++)
    await cluster.upload(`blob-${at}`, patternBytes(500, at), { to: ['2', '3'] })
  await until(async () => (await cluster.queue.figures()).total === count, 'only those of 2 are left')
  const stats = await replicator.stats()
  expect(stats).toMatchObject({ copied: count, parked: 0, awayNodes: ['2'] })
  // Nothing was tried again and again meanwhile.
  expect(stats.failed).toBe(0)
  await cluster.store('2').start()
  await cluster.drained()
  expect(await replicator.stats()).toMatchObject({ copied: 2 * count, parked: 0, awayNodes: [] })
  for (let at = 0; at < count; at += 37) {
    expect(await cluster.read('2', `blob-${at}`)).toMatchObject({ hash: hashOf(patternBytes(500, at)) })
  }
})

test('a target that takes connections and says nothing does not hold up the others', async () => {
  const cluster = await SmallCluster.start({ ...threeNodes, proxied: ['2'] })
  cluster.proxy('2').weather = { silent: true }
  const replicator = await cluster.replicate({ concurrency: 4, limits: quickLooks })
  for (let at = 0; at < 40; at++) await cluster.upload(`blob-${at}`, patternBytes(500), { to: ['2'] })
  await until(async () => (await replicator.stats()).underWay > 0, 'tasks hang at it')
  for (let at = 0; at < 20; at++) {
    await cluster.upload(`other-${at}`, patternBytes(500), { to: ['3'] })
    await until(async () => (await cluster.read('3', `other-${at}`)) !== undefined, 'it is copied')
  }
  cluster.proxy('2').weather = {}
  cluster.proxy('2').cut()
  await cluster.drained()
  expect(await replicator.stats()).toMatchObject({ copied: 60, parked: 0 })
})

test('a target that drops a single connection is not taken for away', async () => {
  const cluster = await SmallCluster.start({ proxied: ['2'] })
  let cuts = 1
  cluster.proxy('2').weather = { cutAfterBytes: () => (cuts-- > 0 ? 10 : undefined) }
  const replicator = await cluster.replicate()
  await cluster.upload('blob', patternBytes(500))
  await cluster.drained()
  const stats = await replicator.stats()
  expect(stats).toMatchObject({ copied: 1, parked: 0 })
  expect(stats.failed).toBeGreaterThan(0)
})

test('a failing target is noted in the queue, and its tasks are kept as long as the queue keeps them', async () => {
  const cluster = await SmallCluster.start()
  await cluster.store('2').stop()
  const replicator = await cluster.replicate({ limits: quickLooks })
  await cluster.upload('blob', patternBytes(500))
  await until(async () => (await replicator.stats()).awayNodes.length === 1, 'it is noticed')
  const { due, delayed, leased } = await cluster.queue.figures()
  expect({ due, waiting: delayed + leased }).toEqual({ due: 0, waiting: 1 })
})

test('a target whose disk is full gets its copies once it has room, and no task is parked', async () => {
  const cluster = await SmallCluster.start()
  const { store } = cluster.store('2')
  const put = store.put.bind(store)
  store.put = () => Promise.reject(new StoreError('DISK_FULL', 'The disk is full up to its reserve'))
  const replicator = await cluster.replicate({
    limits: { attemptsMax: 1, pauseMsMin: 50, pauseMsMax: 200, probeEveryMs: 50 },
  })
  for (let at = 0; at < 20; at++) await cluster.upload(`blob-${at}`, patternBytes(500))
  await until(async () => (await replicator.stats()).awayNodes.length === 1, 'it is noticed')
  expect(await replicator.stats()).toMatchObject({ copied: 0, failed: 0, parked: 0 })
  store.put = put
  await cluster.drained()
  expect(await replicator.stats()).toMatchObject({ copied: 20, failed: 0, parked: 0 })
})

test('a target that refuses a blob for its size has that task parked, and gets the others', async () => {
  const cluster = await SmallCluster.start({ store: { blobBytesMax: 10_000 } })
  const { store } = cluster.store('2')
  const put = store.put.bind(store)
  store.put = async (...given) => {
    if (given[0] === 'large') throw new StoreError('BLOB_TOO_LARGE', 'Too large')
    return put(...given)
  }
  await cluster.replicate()
  await cluster.upload('large', patternBytes(9_000))
  await cluster.upload('small', patternBytes(100))
  await cluster.drained()
  expect(await cluster.read('2', 'small')).toBeDefined()
  const [parked, ...others] = await cluster.queue.parked(10)
  expect(parked?.task.path).toBe('/large')
  expect(parked?.reason).toMatch(/refused with 413/)
  expect(others).toEqual([])
})
