// What is allowed in a shard, and yet a risk.
import type { ServersMap } from '../schema/znode-schemas.js'

/** A sentence for each host that more than one of these nodes runs on. */
export function warnOfSharedHosts(shardId: string, nodes: readonly string[], servers: ServersMap): string[] {
  const byHost = new Map<string, string[]>()
  for (const node of nodes) {
    const host = servers.get(node)?.host.toLowerCase()
    if (host === undefined) continue
    byHost.set(host, [...(byHost.get(host) ?? []), node])
  }
  return [...byHost]
    .filter(([, ids]) => ids.length > 1)
    .map(([host, ids]) => {
      return `Nodes ${ids.join(' and ')} of shard ${shardId} are both on ${host}: when it is lost, so are their copies`
    })
}

export function warnOfSingleNode(shardId: string, nodes: readonly string[]): string[] {
  return nodes.length === 1
    ? [`Shard ${shardId} has a single node: there is no second copy of its photos`]
    : []
}
