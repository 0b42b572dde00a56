// Coordinators and replicators killed in the middle of uploads: what was acknowledged ends on all nodes, nothing stays behind.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestCluster, until } from '../../src/index.js'
import { AcknowledgedUploads } from '../helpers/acknowledged-uploads.js'
import { passed } from '../helpers/at-once.js'
import { faultCount, fullFaults } from '../helpers/fault-count.js'
import { printedRandom } from '../helpers/seeded-random.js'

const limitMs = fullFaults ? 1_800_000 : 240_000
const copiedMs = 120_000
const killsMin = fullFaults ? 60 : 8
/** The bound for the sizes in the model. */
const sizesMs = 10_000

interface ClusterAnswer {
  readonly shards: readonly { readonly id: string; readonly currentBytes: number }[]
}

describe('a cluster whose daemons are killed', () => {
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await TestCluster.start()
  }, limitMs)

  afterAll(async () => {
    await cluster.close()
  })

  it('has every acknowledged blob on all nodes', { timeout: limitMs }, async () => {
    const random = printedRandom('kills')
    const count = faultCount('uploads among kills', { short: 40, full: 300 })
    const uploads = new AcknowledgedUploads(cluster, 'killed', {
      sizeBytes: () =>
        random.next() < 0.3 ? random.between(1_100_000, 3_000_000) : random.between(1, 60_000),
      mayBreak: true,
    })
    uploads.start(3)
    let kills = 0
    while (uploads.acknowledged.length < count || kills < killsMin) {
      await passed(random.between(0, 400))
      const victim = random.pick([
        cluster.coordinator(1),
        cluster.coordinator(2),
        cluster.replicator(1),
        cluster.replicator(2),
      ])
      await victim.kill()
      kills++
      await victim.restart()
    }
    await uploads.stop()
    console.log(`${uploads.acknowledged.length} acknowledged, ${uploads.broken} cut off, ${kills} kills`)
    await uploads.untilEverywhere(copiedMs)
  })

  it('leaves no temporary files', () => {
    for (const [id, store] of cluster.stores) {
      expect(readdirSync(join(store.directory, 'incoming')), `store ${id}`).toEqual([])
    }
    for (const [id, coordinator] of cluster.coordinators) {
      expect(readdirSync(coordinator.directory), `coordinator ${id}`).toEqual([])
    }
  })

  it('publishes the sizes that its nodes have', { timeout: limitMs }, async () => {
    const agree = async () => {
      const { body } = await cluster.ask(cluster.coordinator(1), { path: '/-/cluster' })
      const { shards } = JSON.parse(body.toString()) as ClusterAnswer
      for (const { id, currentBytes } of shards) {
        const used = await Promise.all(cluster.nodesOf(id).map((node) => usedBytes(node)))
        if (Math.max(...used) !== currentBytes) return false
      }
      return true
    }
    const usedBytes = async (node: number) => {
      const { body } = await cluster.ask(cluster.store(node), { path: '/-/stats' })
      return (JSON.parse(body.toString()) as { usedBytes: number }).usedBytes
    }
    await new AcknowledgedUploads(cluster, 'sized').several(20)
    const startedMs = performance.now()
    await until(agree, 'the sizes agree', sizesMs)
    console.log(`sizes agreed after ${(performance.now() - startedMs).toFixed(0)} ms`)
  })
})
