// Coordinator and replicators while Redis servers of the queue are killed, emptied, or back with old data.
// test-cluster/test/faults/queue.test.ts does the same to daemons, with turns of a minute.
import { until } from '@backpack/test-cluster'
import { expect, test } from 'vitest'
import type { Replicator } from '../../src/index.js'
import { QueueCluster } from '../helpers/queue-cluster.js'

const full = process.env['BACKPACK_FAULTS_FULL'] === '1'
const blobs = full ? 1_000 : 100
const rounds = full ? 60 : 4
const atOnce = 16
/** Claims whose answer is lost with their server wait so long. */
const leaseMs = 1_000

const mishaps = ['killed', 'emptied', 'back with old data'] as const

async function putSeveral(cluster: QueueCluster, prefix: string, count = blobs): Promise<void> {
  const names = Array.from({ length: count }, (_, number) => `${prefix}/${number}`)
  const worker = async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) await cluster.put(name)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

async function spoil(cluster: QueueCluster, server: number, mishap: string, snapshot: string): Promise<void> {
  const redis = cluster.redises[server]
  if (mishap === 'killed') await redis?.kill()
  else if (mishap === 'emptied') await redis?.restartEmpty()
  else await redis?.restartFrom(snapshot)
}

test.each(mishaps)('a Redis %s while tasks are waiting costs no copy', async (mishap) => {
  const cluster = await QueueCluster.start({ ids: ['1', '2', '3'] })
  const snapshot = cluster.redises[0]?.snapshot() ?? ''
  await putSeveral(cluster, 'waiting')
  expect(await cluster.queue.figures()).toMatchObject({ total: 2 * blobs })
  await spoil(cluster, 0, mishap, snapshot)
  await cluster.replicate()
  await cluster.untilEverywhere()
})

test.each(mishaps)(
  'a Redis %s together with the replicator that has the tasks costs no copy',
  async (mishap) => {
    const cluster = await QueueCluster.start()
    const snapshot = cluster.redises[0]?.snapshot() ?? ''
    await putSeveral(cluster, 'in its hands')
    // It dies with them: they are neither completed nor renewed again.
    const claims = await cluster.queue.claim({ limit: 2 * blobs, leaseMs: 1_000 })
    expect(claims.length).toBeGreaterThan(blobs / 2)
    await cluster.queue.renew(
      claims.map(({ id }) => id),
      1_000,
    )
    await spoil(cluster, 0, mishap, snapshot)
    await cluster.replicate()
    await cluster.untilEverywhere()
  },
)

test('tasks that were finished and come back with old data make no needles, whatever became of their blobs', async () => {
  const cluster = await QueueCluster.start()
  await putSeveral(cluster, 'finished')
  await putSeveral(cluster, 'overwritten')
  await putSeveral(cluster, 'deleted')
  const snapshots = cluster.redises.map((redis) => redis.snapshot())
  const replicator = await cluster.replicate()
  await cluster.untilDrained()
  for (let number = 0; number < blobs; number++) {
    await cluster.put(`overwritten/${number}`, 'anew')
    await cluster.delete(`deleted/${number}`)
  }
  await cluster.untilDrained()
  await cluster.untilEverywhere()
  const before = await cluster.volumeBytes()
  const { closed, copied } = await replicator.stats()
  for (const [server, redis] of cluster.redises.entries()) {
    await redis.restartFrom(snapshots[server] ?? '')
    await cluster.untilDrained()
  }
  const after = await replicator.stats()
  expect([after.copied - copied, after.closed - closed >= 3 * blobs]).toEqual([0, true])
  expect(await cluster.volumeBytes()).toEqual(before)
  expect(await Promise.all(cluster.stores.map((store) => cluster.wrongAt(store)))).toEqual([[], []])
})

test('whatever happens to one Redis after the other while uploads run, no blob stays without its copies', async () => {
  const cluster = await QueueCluster.start({ redis: 3 })
  let replicator: Replicator = await cluster.replicate({ leaseMs })
  let [number, isOver, slowestMs, looked] = [0, false, 0, 0]
  const upload = async () => {
    while (!isOver) await cluster.put(`mishaps/${number++}`)
  }
  const spoilAll = async () => {
    for (let round = 0; round < rounds; round++) {
      const goal = number + 50
      const snapshot = cluster.redises[round % 3]?.snapshot() ?? ''
      await until(() => number >= goal, 'uploads run')
      if (round % 2 === 1) await replicator.close()
      await spoil(cluster, round % 3, mishaps[round % mishaps.length] ?? '', snapshot)
      await until(() => number >= goal + 50, 'uploads go on')
      if (round % 2 === 1) replicator = await cluster.replicate({ leaseMs })
      const startedAtMs = performance.now()
      // Before the next one: what is on two servers of three must not lose both.
      const names = [...cluster.acknowledged.keys()].slice(looked)
      await cluster.untilEverywhere(names)
      looked += names.length
      slowestMs = Math.max(slowestMs, performance.now() - startedAtMs)
      if (cluster.redises[round % 3]?.running !== true) await cluster.redises[round % 3]?.restart()
    }
    isOver = true
  }
  await Promise.all([upload(), upload(), spoilAll()])
  await cluster.untilEverywhere()
  await cluster.untilDrained()
  console.log(
    `${rounds} mishaps, ${number} uploads; all copies at most ${Math.round(slowestMs)} ms after one`,
  )
})
