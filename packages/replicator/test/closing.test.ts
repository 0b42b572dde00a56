// What becomes of tasks when a replicator ends or is slow, and what it says of itself.
import { readCluster } from '@backpack/cluster-model'
import { until } from '@backpack/test-cluster'
import { expect, test } from 'vitest'
import { Replicator } from '../src/index.js'
import { patternBytes } from './helpers/pattern-bytes.js'
import { SmallCluster } from './helpers/small-cluster.js'

test('close finishes the tasks under way and takes no more', async () => {
  const cluster = await SmallCluster.start()
  const numbers = Array.from({ length: 300 }, (_, at) => at)
  await Promise.all(numbers.map((at) => cluster.upload(`blob-${at}`, patternBytes(2_000, at))))
  const replicator = await cluster.replicate()
  await until(async () => (await replicator.stats()).copied > 0, 'it has begun')
  await replicator.close()
  const { copied } = await replicator.stats()
  const { leased, total } = await cluster.queue.figures()
  expect({ leased, total }).toEqual({ leased: 0, total: 300 - copied })
  await cluster.replicate()
  await cluster.drained()
})

test('close gives back what does not end in time, uncounted, and another replicator does it', async () => {
  const cluster = await SmallCluster.start({ proxied: ['2'] })
  cluster.proxy('2').weather = { silent: true }
  await cluster.upload('blob', patternBytes(100))
  const replicator = await cluster.replicate({ leaseMs: 3_600_000, limits: { closeMs: 50 } })
  await until(async () => (await replicator.stats()).underWay === 1, 'it hangs')
  await replicator.close()
  expect(await cluster.queue.figures()).toMatchObject({ leased: 0, total: 1 })
  cluster.proxy('2').weather = {}
  cluster.proxy('2').cut()
  // One counted failure would park it.
  const other = await cluster.replicate({ limits: { attemptsMax: 1 } })
  await cluster.drained()
  expect(await other.stats()).toMatchObject({ copied: 1, parked: 0 })
})

test('a task that takes longer than its lease stays in the hands of its replicator', async () => {
  const cluster = await SmallCluster.start()
  // Twice the lease; a busy machine has two seconds for each renewal.
  const options = { leaseMs: 3_000, concurrency: 4, bandwidthBytesPerSecond: 500_000 }
  await cluster.upload('large', patternBytes(3_000_000))
  const one = await cluster.replicate(options)
  await until(async () => (await one.stats()).underWay === 1, 'it is under way')
  const other = await cluster.replicate(options)
  let underWayElsewhere = 0
  await until(async () => {
    underWayElsewhere = Math.max(underWayElsewhere, (await other.stats()).underWay)
    return (await cluster.queue.figures()).total === 0
  }, 'it is done')
  expect(underWayElsewhere).toBe(0)
  expect(await other.stats()).toMatchObject({ copied: 0, closed: 0, failed: 0 })
  expect(await one.stats()).toMatchObject({ copied: 1, failed: 0 })
})

test('a replicator shows itself in the tree as long as it runs', async () => {
  const cluster = await SmallCluster.start()
  const replicator = await cluster.replicate({ port: 0 })
  expect((await readCluster(cluster.tree)).daemons).toMatchObject([
    { kind: 'replicator', url: replicator.url, pid: process.pid },
  ])
  await replicator.close()
  expect((await readCluster(cluster.tree)).daemons).toEqual([])
})

test('metrics and health are served on the port', async () => {
  const cluster = await SmallCluster.start()
  const replicator = await cluster.replicate({ port: 0 })
  await cluster.upload('blob', patternBytes(1_234))
  await cluster.drained()
  const metrics = await (await fetch(`${replicator.url}/-/metrics`)).text()
  for (const line of [
    'backpack_replicator_copied 1',
    'backpack_replicator_copied_bytes 1234',
    'backpack_replicator_targets_paused 0',
    'backpack_replicator_queue_due 0',
    'backpack_replicator_queue_parked 0',
    'backpack_replicator_queue_oldest_seconds 0',
    'backpack_replicator_needs_repair 0',
    'backpack_replicator_task_seconds_count 1',
  ]) {
    expect(metrics.split('\n')).toContain(line)
  }
  const answers = await Promise.all(
    ['/-/live', '/-/ready', '/elsewhere'].map((path) => fetch(replicator.url + path)),
  )
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 404])
  expect((await fetch(`${replicator.url}/-/live`, { method: 'POST' })).status).toBe(405)
})

test('a replicator that cannot listen leaves nothing behind', async () => {
  const cluster = await SmallCluster.start()
  const first = await cluster.replicate({ port: 0 })
  const port = Number(new URL(first.url ?? '').port)
  const second = Replicator.open({ cluster: cluster.tree, queue: cluster.queue, repairEveryMs: 0, port })
  await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' })
  expect((await readCluster(cluster.tree)).daemons).toHaveLength(1)
})
