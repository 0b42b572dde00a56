// Limits of a shard hold for what its nodes will have once all copies are made, between two rounds of statistics too.
import { treePaths } from '@backpack/cluster-model'
import { expect, test } from 'vitest'
import { patternBytes, send } from './helpers/http-request.js'
import { type SmallCluster, smallCluster } from './helpers/small-cluster.js'
import { until } from './helpers/until.js'

const sizeBytes = 50_000
const uploads = 100
const never = 3_600_000
/** So many nodes that each has a third of the uploads, until somebody copies them: here nobody does. */
const nodesPerShard = [3]

/** The statuses of uploads of which the most do not fit, eight at a time. */
async function uploadAll({ port }: SmallCluster): Promise<number[]> {
  const waiting = Array.from({ length: uploads }, (_, at) => `/photo-${at}`)
  const statuses: number[] = []
  const uploadNext = async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      statuses.push((await send(port, 'PUT', target, { body: patternBytes(sizeBytes) })).status)
    }
  }
  await Promise.all(Array.from({ length: 8 }, uploadNext))
  return statuses
}

async function storedOf({ nodes }: SmallCluster): Promise<{ bytes: number; blobs: number }> {
  const stats = await Promise.all([...nodes.values()].map(({ store }) => store.stats()))
  return {
    bytes: stats.reduce((sum, { usedBytes }) => sum + usedBytes, 0),
    blobs: stats.reduce((sum, { keyMap }) => sum + keyMap.names, 0),
  }
}

function runAskedOnce(capacityBytes: number): Promise<SmallCluster> {
  return smallCluster({
    nodesPerShard,
    capacityBytes,
    limits: { sizesEveryMs: never },
    options: { statsEveryMs: () => never },
  })
}

test('a capacity is filled, and not passed', async () => {
  const capacityBytes = 20 * sizeBytes
  const cluster = await runAskedOnce(capacityBytes)
  const statuses = await uploadAll(cluster)
  const { bytes } = await storedOf(cluster)
  expect(bytes).toBeLessThanOrEqual(capacityBytes)
  expect(bytes).toBeGreaterThan(capacityBytes - 3 * sizeBytes)
  expect(new Set(statuses)).toEqual(new Set([200, 500]))
})

test.each([
  { 'max-size': 10 * sizeBytes, 'max-key-num': 0 },
  { 'max-size': 0, 'max-key-num': 10 },
])('a bucket is not given more than %o', async (limits) => {
  const cluster = await runAskedOnce(1_000 * sizeBytes)
  const { tree, coordinator } = cluster
  const acl = [{ user: '*', token: 'a token', flags: 3 }]
  const before = coordinator.snapshot.shards.get('1')?.access
  await tree.create(treePaths.shardAcl('1'), Buffer.from(JSON.stringify({ acl, flags: 0, ...limits })))
  await until(() => coordinator.snapshot.shards.get('1')?.access !== before, 'the ACL is seen')
  await uploadAll(cluster)
  const { bytes, blobs } = await storedOf(cluster)
  expect(blobs).toBeGreaterThan(6)
  expect(blobs).toBeLessThanOrEqual(10)
  expect(bytes).toBeLessThanOrEqual(10 * (sizeBytes + 1_000))
  if (limits['max-size'] > 0) expect(bytes).toBeLessThanOrEqual(limits['max-size'])
})
