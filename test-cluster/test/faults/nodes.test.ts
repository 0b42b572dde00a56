// Stores that are gone, stand still, or lost what they had; and a whole server of three.
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestCluster, until } from '../../src/index.js'
import { AcknowledgedUploads } from '../helpers/acknowledged-uploads.js'
import { faultCount, fullFaults } from '../helpers/fault-count.js'
import { slowestMs } from '../helpers/slowest.js'

const limitMs = fullFaults ? 900_000 : 180_000
const copiedMs = 90_000

describe('a cluster of two servers', () => {
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await TestCluster.start()
  }, limitMs)

  afterAll(async () => {
    await cluster.close()
  })

  it.each(['killed', 'frozen'] as const)(
    'answers every upload and read while a store is %s, and copies to it when it is back',
    {
      timeout: limitMs,
    },
    async (how) => {
      const store = cluster.store(4)
      const uploads = new AcknowledgedUploads(cluster, `store ${how}`)
      await uploads.several(5)
      if (how === 'killed') await store.kill()
      else store.freeze()
      uploads.start(4)
      const count = faultCount(`uploads while a store is ${how}`, { short: 60, full: 2_000 })
      await until(() => uploads.acknowledged.length >= count, `${count} uploads were answered`, limitMs)
      await uploads.stop()
      for (const { name, shardId } of uploads.acknowledged.slice(0, 30)) {
        expect((await cluster.read(shardId, name)).status, name).toBe(200)
      }
      console.log(`store ${how}: slowest upload ${slowestMs(uploads).toFixed(0)} ms`)
      expect(uploads.refused).toEqual([])
      expect(slowestMs(uploads)).toBeLessThan(10_000)
      if (how === 'killed') await store.restart()
      else store.thaw()
      await uploads.untilEverywhere(copiedMs)
      await until(async () => (await cluster.queueLength()) === 0, 'the queue is empty', copiedMs)
    },
  )

  it('copies to the other nodes although a source lost all it had', { timeout: limitMs }, async () => {
    await Promise.all([1, 2].map((id) => cluster.replicator(id).kill()))
    const uploads = new AcknowledgedUploads(cluster, 'source lost')
    await uploads.several(faultCount('uploads whose source is wiped', { short: 20, full: 200 }))
    await until(async () => (await cluster.queueLength()) > 0, 'tasks wait')
    const wiped = cluster.store(1)
    await wiped.kill()
    rmSync(wiped.directory, { recursive: true })
    await wiped.restart()
    await Promise.all([1, 2].map((id) => cluster.replicator(id).restart()))
    const kept = uploads.acknowledged.filter(({ shardId }) => shardId !== '1')
    expect(kept.length).toBeGreaterThan(0)
    for (const each of kept)
      await until(async () => (await uploads.nodesWith(each)) === 2, each.name, copiedMs)
    const parked = async () => (await cluster.admin('queue', 'parked', '--json')).split('\n').filter(Boolean)
    await until(async () => (await cluster.queueLength()) === 0, 'nothing waits any more', copiedMs)
    // What only the wiped store had can be copied by nobody: it is set aside, with the sources named.
    for (const line of await parked()) expect(line).toMatch(/404/)
    await new AcknowledgedUploads(cluster, 'afterwards').several(5)
  })
})

describe('a cluster of three servers', () => {
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await TestCluster.start({ servers: 3 })
  }, limitMs)

  afterAll(async () => {
    await cluster.close()
  })

  it('goes on through the other two while uploads run and one is killed whole', {
    timeout: limitMs,
  }, async () => {
    const lost = cluster.server(1)
    const uploads = new AcknowledgedUploads(cluster, 'server lost', { through: [2, 3] })
    uploads.start(4)
    await until(() => uploads.acknowledged.length >= 10, 'uploads run', limitMs)
    await lost.kill()
    const atKill = uploads.acknowledged.length
    const count = faultCount('uploads without a server', { short: 60, full: 2_000 })
    await until(() => uploads.acknowledged.length >= atKill + count, 'uploads go on', limitMs)
    await uploads.stop()
    console.log(
      `server killed: slowest upload ${slowestMs(uploads).toFixed(0)} ms, refused ${uploads.refused.length}`,
    )
    expect(uploads.refused).toEqual([])
    expect(slowestMs(uploads)).toBeLessThan(10_000)
    for (const { name, shardId } of uploads.acknowledged.slice(-30)) {
      for (const through of [2, 3]) expect((await cluster.read(shardId, name, { through })).status).toBe(200)
    }
    await lost.restart()
    await uploads.untilEverywhere(limitMs)
  })
})
