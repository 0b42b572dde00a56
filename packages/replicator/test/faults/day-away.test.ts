// A node that is away while more is uploaded than the queue keeps for it, as in a day at full rate, with limits and times
// shrunk: the queue's memory stays bounded, and the node gets what it missed by being compared.
import { until } from '@backpack/test-cluster'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { QueueCluster } from '../helpers/queue-cluster.js'

const full = process.env['BACKPACK_FAULTS_FULL'] === '1'
const tasksPerTargetMax = full ? 10_000 : 400
const uploads = 5 * tasksPerTargetMax
const before = full ? 900 : 90
const atOnce = 32
const limitMs = full ? 1_200_000 : 60_000
const mebibyte = 1024 * 1024

test.each([
  ['more is uploaded than is kept for it', { tasksPerTargetMax }],
  ['it fails for longer than tasks are kept for it', { failingMsMax: 1_000 }],
])(
  'a node that is away while %s costs bounded memory and catches up',
  { timeout: limitMs },
  async (_, limits) => {
    const cluster = await QueueCluster.start({ limits })
    const repairLimits = { lookEveryMs: 100, retryMsMin: 100, retryMsMax: 1_000 }
    const replicator = await cluster.replicate({ repairEveryMs: 24 * 3_600_000, repairLimits })
    const [, away] = cluster.stores
    if (away === undefined) throw new Error('There is no second store')
    await each(before, (number) => cluster.put(`before/${number}`))
    await cluster.untilEverywhere()
    await cluster.untilDrained()
    const emptyBytes = await usedMemory(cluster)

    await away.stop()
    const needsRepair = async () => Object.keys((await cluster.queue.figures()).needsRepair).includes('2')
    let number = 0
    while (!(await needsRepair())) await each(100, () => cluster.put(`away/${number++}`))
    // Each server of the queue finds out by itself.
    await each(100, () => cluster.put(`away/${number++}`))
    const boundBytes = await usedMemory(cluster)
    const { total } = await cluster.queue.figures()
    if ('tasksPerTargetMax' in limits) expect(total).toBe(tasksPerTargetMax)
    await each(uploads, () => cluster.put(`away/${number++}`))
    await each(before, async (at) => {
      if (at % 3 === 1) await cluster.put(`before/${at}`, 'overwritten')
      if (at % 3 === 2) await cluster.delete(`before/${at}`)
    })
    const most = await usedMemory(cluster)
    expect(most).toBeLessThan(boundBytes + mebibyte)
    expect((await cluster.queue.figures()).total).toBe(total)

    await away.start()
    const caughtUp = async () => !(await needsRepair()) && (await cluster.queue.figures()).total === 0
    await until(caughtUp, 'it needs no repair and no task', limitMs)
    expect(await cluster.wrongAt(away)).toEqual([])
    const { repaired, parked } = await replicator.stats()
    expect(repaired).toBeGreaterThanOrEqual(number - total)
    expect(parked).toBe(0)
    console.log(
      `${number} uploads while it was away, ${total} tasks kept in ${boundBytes - emptyBytes} bytes of Redis, ` +
        `${most - boundBytes} more at the end; ${repaired} repaired`,
    )
  },
)

/** So many of them, some at once. */
async function each(count: number, work: (number: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** Of the queue's server that uses most. */
async function usedMemory(cluster: QueueCluster): Promise<number> {
  const used = cluster.redises.map(async ({ port }) => {
    const client = new Redis({ host: '127.0.0.1', port })
    onTestFinished(() => client.disconnect())
    const info = await client.info('memory')
    client.disconnect()
    return Number(/^used_memory:(\d+)/m.exec(info)?.[1])
  })
  return Math.max(...(await Promise.all(used)))
}
