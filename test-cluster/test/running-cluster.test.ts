// Changes to a cluster while uploads run through both coordinators, none of which is restarted.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestCluster, until } from '../src/index.js'

const limitMs = 120_000
const uploadsAtOnce = 4

describe('a cluster of two servers under uploads', () => {
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await TestCluster.start()
  })

  afterAll(async () => {
    await cluster.close()
  })

  it('uses a shard that is added meanwhile', async () => {
    const pids = [1, 2].map((id) => cluster.coordinator(id).pid)
    const uploads = startUploads(cluster, 'before')
    try {
      await until(() => uploads.shardOf.size >= 20, 'uploads run')
      const { shardId, stores } = await cluster.addServerAndShard()
      expect([shardId, stores]).toEqual(['4', [7, 8]])
      const fromNowOn = uploads.shardOf.size
      await until(
        () => [...uploads.shardOf.values()].slice(fromNowOn).includes('4'),
        'uploads go to it',
        limitMs,
      )
    } finally {
      await uploads.stop()
    }
    expect(uploads.failures).toEqual([])
    expect([1, 2].map((id) => cluster.coordinator(id).pid)).toEqual(pids)
    const [name = ''] = [...uploads.shardOf].find(([, shardId]) => shardId === '4') ?? []
    await cluster.untilCopied('4', name)
    expect((await cluster.read('4', name, { through: 2 })).body.toString()).toBe(name)
  })

  it('leaves a shard that is disabled meanwhile', async () => {
    const uploads = startUploads(cluster, 'after')
    try {
      await until(() => [...uploads.shardOf.values()].includes('1'), 'uploads go to shard 1', limitMs)
      await cluster.command('backpack-coordinator-disable-shard', '1')
      for (const id of [1, 2]) {
        await until(async () => (await cluster.statsOf(id)).writable_shards === 3, 'coordinators know it')
      }
      // Those under way may have chosen before.
      const fromNowOn = uploads.shardOf.size + uploadsAtOnce
      await until(() => uploads.shardOf.size >= fromNowOn + 60, 'more uploads', limitMs)
      expect([...uploads.shardOf.values()].slice(fromNowOn)).not.toContain('1')
    } finally {
      await uploads.stop()
    }
    expect(uploads.failures).toEqual([])
    const [name = ''] = [...uploads.shardOf].find(([, shardId]) => shardId === '1') ?? []
    expect((await cluster.read('1', name)).body.toString()).toBe(name)
  })

  it('has every copy made when the uploads have ended', async () => {
    await until(async () => (await cluster.queueLength()) === 0, 'the queue is empty', limitMs)
    const { shardId } = await cluster.put('last.txt', 'last')
    await cluster.untilCopied(shardId, 'last.txt')
  })
})

/** Uploads through both coordinators in turn until stop(); each blob's content is its name. */
function startUploads(cluster: TestCluster, prefix: string) {
  const shardOf = new Map<string, string>()
  const failures: unknown[] = []
  let [count, stopped] = [0, false]
  const uploading = Array.from({ length: uploadsAtOnce }, async () => {
    while (!stopped) {
      const name = `${prefix} ${++count}.txt`
      try {
        const { shardId } = await cluster.put(name, name, { through: (count % 2) + 1 })
        shardOf.set(name, shardId)
      } catch (error) {
        failures.push(error)
        return
      }
    }
  })
  return {
    /** By name, in the order of their answers. */
    shardOf,
    failures,
    async stop() {
      stopped = true
      await Promise.all(uploading)
    },
  }
}
