// What is measured: a coordinator with a gateway before two shards of two stores; `1` is open, `b2` has an ACL.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { administer, startBase, startCoordinator, untilDrained } from '../cluster/daemons.mjs'
import { freePort } from '../store/servers/child.mjs'

export const openShard = '1'
export const guardedShard = 'b2'
const shards = { [openShard]: [1, 2], [guardedShard]: [3, 4] }

/** Who may read and write the guarded shard, signed. */
export const user = 'bench'
export const token = 'the token of the benchmark'
const mayWrite = 2

export async function startSystem({ work, say }) {
  say('• Starting ZooKeeper, Redis, four stores, replicator, coordinator with a gateway')
  // How many uploads share a batch of tasks, and so its cost, would depend on how busy the disk happens to be.
  const base = await startBase({ work, shards, durability: 'os' })
  const bucketsPath = join(work, 'buckets.json')
  const acl = [{ user, token, flags: mayWrite }]
  writeFileSync(bucketsPath, JSON.stringify({ buckets: { [guardedShard]: { groups: [3, 4], acl } } }))
  await administer(base.zookeeper, 'bucket', 'import', bucketsPath)
  const gatewayPort = await freePort()
  const configPath = join(work, 'gateway.json')
  writeFileSync(configPath, JSON.stringify({ proxy: { address: `127.0.0.1:${gatewayPort}` } }))
  const coordinator = await startCoordinator(base.zookeeper, { args: ['--config', configPath] })
  return {
    /** Both are one process. */
    plain: { ...coordinator, label: 'plain listener' },
    gateway: { ...coordinator, port: gatewayPort, label: 'gateway' },
    storesOf: (shardId) => shards[shardId].map((id) => base.stores[id - 1]),
    untilDrained: () => untilDrained(coordinator.port),
    async stop() {
      await coordinator.stop()
      await base.stop()
    },
  }
}
