// The queue's Redis servers killed, emptied, back with old data and all away, under uploads through real daemons. A later
// server waits a minute for its turn, so most of it runs with full counts only; packages/replicator/test/faults/lost-queue.test.ts
// shows the same with shorter turns, and what becomes of a node that is away for a day.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestCluster, until } from '../../src/index.js'
import { AcknowledgedUploads } from '../helpers/acknowledged-uploads.js'
import { faultCount, fullFaults } from '../helpers/fault-count.js'
import { queuedTasks, untilQueueEmpty } from '../helpers/redis-tasks.js'
import { volumeBytes } from '../helpers/volume-bytes.js'

const limitMs = 900_000
/** Nothing that was acknowledged may lack a copy for longer. */
const boundMs = 90_000
const drainedMs = 150_000
const ids = [1, 2] as const

let cluster: TestCluster

beforeAll(async () => {
  cluster = await TestCluster.start()
}, limitMs)

afterAll(async () => {
  await cluster.close()
})

describe('with all Redis servers away', () => {
  // A claim that a frozen server runs when it thaws is in nobody's hands until its lease of half a minute ends.
  it.each(fullFaults ? (['killed', 'frozen'] as const) : (['killed'] as const))(
    'uploads are copied before their answer, or refused: servers %s',
    { timeout: limitMs },
    async (how) => {
      const least = faultCount('uploads without a queue', { short: 30, full: 500 })
      const uploads = new AcknowledgedUploads(cluster, `all ${how}`)
      uploads.start(4)
      const acknowledges = async (more: number) => {
        const goal = uploads.acknowledged.length + more
        await until(() => uploads.acknowledged.length >= goal, `${more} more uploads`, boundMs)
      }
      try {
        await acknowledges(10)
        // A task that only one of them took at that moment may have its turn there a minute later.
        if (!fullFaults) await uploads.stop()
        if (how === 'killed') await Promise.all(ids.map((id) => cluster.redis(id).kill()))
        else for (const id of ids) cluster.redis(id).freeze()
        if (!fullFaults) uploads.start(4)
        const awayFromMs = performance.now()
        await acknowledges(least)
        const awayToMs = performance.now()
        if (how === 'killed') await Promise.all(ids.map((id) => cluster.redis(id).restart()))
        else for (const id of ids) cluster.redis(id).thaw()
        const direct = await uploads.expectCopiedDirectly(awayFromMs, awayToMs)
        console.log(
          `${direct} uploads without a queue, all copied directly; ${uploads.refused.length} refused`,
        )
        await until(() => uploads.acknowledged.at(-1)?.copies === 1, 'the queue is used again', boundMs)
      } finally {
        await uploads.stop()
      }
      expect(uploads.refused.filter(({ status }) => status !== 503)).toEqual([])
      await uploads.untilEverywhere(boundMs)
    },
  )

  it('an upload to a shard with a node away is refused, one to any shard goes where all copies can be made', async () => {
    const uploads = new AcknowledgedUploads(cluster, 'a node away too')
    await Promise.all([cluster.store(4).kill(), ...ids.map((id) => cluster.redis(id).kill())])
    const fromMs = performance.now()
    for (const _ of ids) await uploads.one({ 'X-Backpack-Shard': '1' })
    expect(uploads.refused.map(({ status }) => status)).toEqual([503, 503])
    expect(uploads.acknowledged).toEqual([])
    await uploads.several(20)
    expect(uploads.refused.slice(2)).toEqual([])
    expect(await uploads.expectCopiedDirectly(fromMs, performance.now())).toBe(20)
    expect(uploads.acknowledged.map(({ shardId }) => shardId)).not.toContain('1')
    await Promise.all([cluster.store(4).restart(), ...ids.map((id) => cluster.redis(id).restart())])
  })
})

/** Turns of a minute: full counts only. */
describe.runIf(fullFaults)('one Redis of two', () => {
  const blobs = 200

  it.each(['killed', 'emptied', 'back with old data'] as const)(
    'when %s costs no copy of uploads whose tasks were all still to be done',
    { timeout: limitMs },
    async (mishap) => {
      await untilQueueEmpty(cluster, drainedMs)
      const snapshot = cluster.redis(1).snapshot()
      const uploads = new AcknowledgedUploads(cluster, `pending, ${mishap}`)
      for (const id of ids) await cluster.replicator(id).kill()
      await uploads.several(blobs)
      expect(await queuedTasks(cluster)).toEqual([blobs, blobs])
      await spoil(mishap, snapshot)
      expect((await queuedTasks(cluster).catch(() => [0]))[0]).toBe(0)
      for (const id of ids) await cluster.replicator(id).restart()
      await untilAllCopied(uploads, mishap)
      if (mishap === 'killed') await cluster.redis(1).restart()
    },
  )

  it.each(['killed', 'emptied', 'back with old data'] as const)(
    'when %s together with both replicators in the middle of their work costs no copy',
    { timeout: limitMs },
    async (mishap) => {
      await untilQueueEmpty(cluster, drainedMs)
      const snapshot = cluster.redis(1).snapshot()
      const uploads = new AcknowledgedUploads(cluster, `at work, ${mishap}`)
      uploads.start(8)
      try {
        await until(() => uploads.acknowledged.length >= blobs, 'uploads run', boundMs)
        await Promise.all([...ids.map((id) => cluster.replicator(id).kill()), spoil(mishap, snapshot)])
        const goal = uploads.acknowledged.length + blobs / 4
        await until(() => uploads.acknowledged.length >= goal, 'uploads go on', boundMs)
      } finally {
        await uploads.stop()
      }
      for (const id of ids) await cluster.replicator(id).restart()
      await untilAllCopied(uploads, mishap)
      expect(uploads.refused).toEqual([])
      if (mishap === 'killed') await cluster.redis(1).restart()
    },
  )

  it('that brings finished tasks back makes no new needles of them', { timeout: limitMs }, async () => {
    await untilQueueEmpty(cluster, drainedMs)
    const uploads = new AcknowledgedUploads(cluster, 'finished')
    for (const id of ids) cluster.replicator(id).freeze()
    await uploads.several(blobs)
    const snapshot = cluster.redis(1).snapshot()
    for (const id of ids) cluster.replicator(id).thaw()
    await uploads.untilEverywhere(boundMs)
    await untilQueueEmpty(cluster, drainedMs)
    const before = await volumeBytes(cluster)
    await cluster.redis(1).restartFrom(snapshot)
    await untilQueueEmpty(cluster, drainedMs)
    expect(await volumeBytes(cluster)).toEqual(before)
  })

  async function spoil(mishap: 'killed' | 'emptied' | 'back with old data', snapshot: string): Promise<void> {
    if (mishap === 'killed') await cluster.redis(1).kill()
    else if (mishap === 'emptied') await cluster.redis(1).restartEmpty()
    else await cluster.redis(1).restartFrom(snapshot)
  }

  async function untilAllCopied(uploads: AcknowledgedUploads, mishap: string): Promise<void> {
    const lastMs = Math.max(...uploads.acknowledged.map(({ answeredAtMs }) => answeredAtMs))
    await uploads.untilEverywhere(boundMs)
    const seconds = Math.round((performance.now() - lastMs) / 1_000)
    console.log(
      `${mishap}: ${uploads.acknowledged.length} blobs everywhere ${seconds} s after the last answer`,
    )
  }
})
