// What `npm run cluster -- --gateway` has beside the rest: a shard that only one user may use, and how he signs links to it.
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestCluster } from '../cluster/test-cluster.js'
import { TemporaryDirectory } from '../servers/temporary-directory.js'
import { until } from '../servers/until.js'
import { photoPath } from './describe-cluster.js'

/** The others stay open, for everything else that is to be tried. */
const shardId = '3'
const user = 'mary'
const mayWrite = 2
const tokenBytes = 32

/**
 * Gives the shard an ACL by `backpack-cluster bucket import`; resolves once every gateway goes by it. Nobody is told the
 * token: the cluster has it.
 */
export async function guardShard(cluster: TestCluster): Promise<void> {
  const directory = new TemporaryDirectory()
  try {
    const path = join(directory.path, 'buckets.json')
    const acl = [{ user, token: randomBytes(tokenBytes).toString('hex'), flags: mayWrite }]
    const buckets = { [shardId]: { groups: cluster.nodesOf(shardId), acl } }
    writeFileSync(path, JSON.stringify({ buckets }))
    await cluster.admin('bucket', 'import', path)
  } finally {
    directory.remove()
  }
  for (const gateway of cluster.gateways.values()) {
    const isGuarded = async () => (await cluster.ask(gateway, { path: `/get/${shardId}/any` })).status === 403
    await until(isGuarded, `${gateway.name} knows who may use shard ${shardId}`)
  }
}

/** As describeTrials(); nothing without gateways. */
export function describeGatewayTrials(cluster: TestCluster): string[] {
  const [gateway] = cluster.gateways.values()
  if (gateway === undefined) return []
  const where = `--zookeeper ${cluster.zookeeperServers} --root ${cluster.root}`
  const sign = (options: string) =>
    `npx backpack-cluster sign ${options}--shard ${shardId} --name mine.jpg --user ${user} --expires 1h --base ${gateway.url} ${where}`
  return [
    `curl -T ${photoPath} "$(${sign('--upload ')})"`,
    `${sign('')} # for a browser`,
    `npx backpack-cluster bucket show ${where}`,
    `curl ${gateway.url}/get/${shardId}/mine.jpg # 403: not signed`,
  ]
}
