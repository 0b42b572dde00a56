// ZooKeeper's leader killed, all of it away, sessions that expired: photos come and go all the same.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestCluster, until } from '../../src/index.js'
import { AcknowledgedUploads } from '../helpers/acknowledged-uploads.js'
import { passed } from '../helpers/at-once.js'
import { fullFaults } from '../helpers/fault-count.js'

const limitMs = fullFaults ? 900_000 : 180_000
const awayMs = fullFaults ? 60_000 : 10_000
const backMs = 60_000
/** Longer than the session of a daemon. */
const expiryMs = 9_000

interface Status {
  readonly daemons: readonly { readonly kind: string; readonly pid: number }[]
}

describe('a cluster with three servers of ZooKeeper', () => {
  let cluster: TestCluster

  const daemonsOf = async (kind: string) => {
    const status = JSON.parse(await cluster.admin('status', '--json')) as Status
    return status.daemons.filter((each) => each.kind === kind).map(({ pid }) => pid)
  }

  beforeAll(async () => {
    cluster = await TestCluster.start({ zookeepers: 3 })
  }, limitMs)

  afterAll(async () => {
    await cluster.close()
  })

  it('takes every upload while the leader is killed and another one elected', {
    timeout: limitMs,
  }, async () => {
    const uploads = new AcknowledgedUploads(cluster, 'leader killed')
    uploads.start(4)
    await until(() => uploads.acknowledged.length >= 20, 'uploads run')
    const leader = (await cluster.zookeeperLeader()) ?? 1
    await cluster.zookeeper(leader).kill()
    const elected = async () => ![undefined, leader].includes(await cluster.zookeeperLeader())
    await until(elected, 'another one leads', backMs)
    const atElection = uploads.acknowledged.length
    await until(() => uploads.acknowledged.length >= atElection + 20, 'uploads go on')
    await uploads.stop()
    console.log(`leader killed: ${uploads.acknowledged.length} uploads, ${uploads.refused.length} refused`)
    expect(uploads.refused).toEqual([])
    await cluster.zookeeper(leader).restart()
    await uploads.untilEverywhere(backMs)
  })

  it('serves with the last model while ZooKeeper is away, and refuses edits', {
    timeout: limitMs,
  }, async () => {
    const before = await cluster.command('backpack-coordinator-dump-shards')
    const uploads = new AcknowledgedUploads(cluster, 'ZooKeeper away')
    await Promise.all([1, 2, 3].map((id) => cluster.zookeeper(id).kill()))
    const awaySinceMs = performance.now()
    uploads.start(2)
    const refusal = await cluster.command('backpack-coordinator-disable-shard', '1').catch(String)
    expect(refusal).toMatch(/ZooKeeper/)
    await passed(Math.max(0, awaySinceMs + awayMs - performance.now()))
    await uploads.stop()
    const [last] = uploads.acknowledged.slice(-1)
    expect((await cluster.read(last?.shardId ?? '', last?.name ?? '')).status).toBe(200)
    console.log(`ZooKeeper away for ${awayMs} ms: ${uploads.acknowledged.length} uploads`)
    expect(uploads.refused).toEqual([])
    expect(uploads.acknowledged.length).toBeGreaterThan(10)
    await Promise.all([1, 2, 3].map((id) => cluster.zookeeper(id).restart()))
    expect(await cluster.command('backpack-coordinator-dump-shards')).toBe(before)
    await uploads.untilEverywhere(backMs)
  })

  it('has its daemons registered and following the model again after their sessions expired', {
    timeout: limitMs,
  }, async () => {
    const daemons = [cluster.coordinator(1), cluster.replicator(1)]
    await until(async () => (await daemonsOf('coordinator')).length === 2, 'both are registered', backMs)
    for (const daemon of daemons) daemon.freeze()
    const { pid } = cluster.coordinator(1)
    try {
      await until(
        async () => !(await daemonsOf('coordinator')).includes(pid),
        'the session expires',
        expiryMs * 4,
      )
    } finally {
      for (const daemon of daemons) daemon.thaw()
    }
    await until(async () => (await daemonsOf('coordinator')).includes(pid), 'the coordinator is back', backMs)
    await until(async () => (await daemonsOf('replicator')).length === 2, 'the replicator is back', backMs)
    await cluster.command('backpack-coordinator-disable-shard', '2')
    const writable = async () => (await cluster.statsOf(1)).writable_shards
    await until(async () => (await writable()) === 2, 'it follows the model', backMs)
    await cluster.command('backpack-coordinator-enable-shard', '2')
    await until(async () => (await writable()) === 3, 'and follows on', backMs)
    const uploads = new AcknowledgedUploads(cluster, 'after expiry')
    await uploads.several(10)
    await uploads.untilEverywhere(backMs)
  })
})
