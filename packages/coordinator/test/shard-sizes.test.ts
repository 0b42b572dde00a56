import { expect, test } from 'vitest'
import { Coordinator } from '../src/coordinator.js'
import { patternBytes, send } from './helpers/http-request.js'
import { type SmallCluster, smallCluster } from './helpers/small-cluster.js'
import { temporaryDirectory } from './helpers/temporary-directory.js'
import { until } from './helpers/until.js'

const often = { sizesEveryMs: 20 }
/** The index log, whose bytes count, is not written in the middle of a test. */
const storeOptions = { flushIntervalMs: 60_000 }

async function publishedBytes({ tree }: SmallCluster, shardId: string): Promise<number> {
  const node = await tree.get(`/shard-size-${shardId}`)
  return (JSON.parse(node!.data.toString()) as { current: number }).current
}

async function usedBytes(cluster: SmallCluster, id: string): Promise<number> {
  return (await cluster.node(id).store.stats()).usedBytes
}

test('the size of a shard is that of its largest node, and follows it', async () => {
  const cluster = await smallCluster({ limits: often })
  await cluster.node('12').store.put('only-here', patternBytes(300_000))
  await until(
    async () => (await publishedBytes(cluster, '1')) === (await usedBytes(cluster, '12')),
    'it is published',
  )
  expect(await publishedBytes(cluster, '1')).toBeGreaterThan(300_000)
  await until(
    () => cluster.coordinator.snapshot.shards.get('1')!.currentBytes > 300_000,
    'the coordinator sees it',
  )
  await cluster.node('11').store.put('and-here', patternBytes(900_000))
  await until(
    async () => (await publishedBytes(cluster, '1')) === (await usedBytes(cluster, '11')),
    'it is published',
  )
})

test('fields that are not ours stay, and a size that does not change is not written', async () => {
  const cluster = await smallCluster({ limits: often, storeOptions })
  const path = '/shard-size-1'
  const before = (await cluster.tree.get(path))!
  const size = { ...(JSON.parse(before.data.toString()) as object), comment: 'ours' }
  await until(async () => {
    const { version } = (await cluster.tree.get(path))!
    return cluster.tree.set(path, Buffer.from(JSON.stringify(size)), version).then(
      () => true,
      () => false,
    )
  }, 'the comment is written')
  await cluster.node('11').store.put('x', patternBytes(1000))
  await until(
    async () => (await publishedBytes(cluster, '1')) === (await usedBytes(cluster, '11')),
    'it is published',
  )
  const after = (await cluster.tree.get(path))!
  expect(JSON.parse(after.data.toString())).toMatchObject({ comment: 'ours', capacity: 100 * 2 ** 30 })
  // Nothing changes any more: so many rounds later the version is the same.
  for (let round = 0; round < 5; round++) await send(cluster.port, 'GET', '/-/cluster')
  expect((await cluster.tree.get(path))!.version).toBe(after.version)
})

test('a shard none of whose nodes answers keeps its size', async () => {
  const cluster = await smallCluster({ nodesPerShard: [1, 1], limits: often, storeOptions })
  await cluster.node('11').store.put('x', patternBytes(1000))
  await until(
    async () => (await publishedBytes(cluster, '1')) === (await usedBytes(cluster, '11')),
    'it is published',
  )
  const before = await publishedBytes(cluster, '1')
  await cluster.node('11').stop()
  await cluster.node('21').store.put('x', patternBytes(5000))
  await until(
    async () => (await publishedBytes(cluster, '2')) === (await usedBytes(cluster, '21')),
    'a round is over',
  )
  expect(await publishedBytes(cluster, '1')).toBe(before)
})

test('a second coordinator takes the turn when the first one leaves', async () => {
  const cluster = await smallCluster({ nodesPerShard: [1], limits: often })
  const second = await Coordinator.open({
    cluster: cluster.tree,
    queue: cluster.queue,
    spoolDirectory: temporaryDirectory(),
    limits: often,
  })
  await cluster.coordinator.close()
  await cluster.node('11').store.put('late', patternBytes(100_000))
  await until(
    async () => (await publishedBytes(cluster, '1')) === (await usedBytes(cluster, '11')),
    'it is published',
  )
  await second.close()
})
