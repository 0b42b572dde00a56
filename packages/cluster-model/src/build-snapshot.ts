// From what stands in the tree to the frozen value that callers see. Pure.
import type {
  AclEntry,
  ClusterSnapshot,
  DaemonEntry,
  ServerNode,
  Shard,
  ShardAccess,
} from './cluster-snapshot.js'
import type { ShardAclEntry } from './schema/acl-schemas.js'
import { urlOf } from './schema/addresses.js'
import type { QueueConfig, ServersMap, ShardSize, ShardsMap } from './schema/znode-schemas.js'

export interface ModelParts {
  readonly servers: ServersMap
  readonly shards: ShardsMap
  /** By shard id; missing ones are unknown. */
  readonly sizes: ReadonlyMap<string, ShardSize>
  /** By shard id; missing ones there are none of, 'unreadable' ones keep everybody out. */
  readonly acls: ReadonlyMap<string, ShardAclEntry | 'unreadable'>
  readonly adminAcl: ShardAclEntry | 'unreadable' | undefined
  readonly queue: QueueConfig | undefined
  readonly daemons: readonly DaemonEntry[]
  /** What of the tree could not be read. */
  readonly problems: readonly string[]
}

export function buildSnapshot(parts: ModelParts): ClusterSnapshot {
  const servers = new Map(
    [...parts.servers].map(([id, address]): [string, ServerNode] => {
      const { host, port } = address
      return [id, Object.freeze({ id, host, port, url: urlOf({ host, port }) })]
    }),
  )
  const shards = new Map(
    [...parts.shards].map(([id, { nodes, read_only }]): [string, Shard] => {
      const size = parts.sizes.get(id)
      const acl = parts.acls.get(id)
      const known = nodes.flatMap((node) => servers.get(node) ?? [])
      const shard: Shard = {
        id,
        nodes: Object.freeze(known),
        readOnly: read_only === true,
        capacityBytes: size?.capacity,
        currentBytes: size?.current ?? 0,
        access: accessOf(acl),
        bucketFlags: acl === undefined || acl === 'unreadable' ? 0 : (acl.flags ?? 0),
        usedBytesMax: acl === 'unreadable' ? undefined : acl?.['max-size'] || undefined,
        blobsMax: acl === 'unreadable' ? undefined : acl?.['max-key-num'] || undefined,
      }
      return [id, Object.freeze(shard)]
    }),
  )
  return Object.freeze({
    servers,
    shards,
    queue: parts.queue === undefined ? undefined : freezeQueue(parts.queue),
    daemons: Object.freeze([...parts.daemons]),
    adminAccess: accessOf(parts.adminAcl),
    problems: Object.freeze([...parts.problems, ...findContradictions(parts)]),
  })
}

function accessOf(acl: ShardAclEntry | 'unreadable' | undefined): ShardAccess {
  if (acl === 'unreadable') return 'closed'
  if (acl === undefined || acl.acl.length === 0) return 'open'
  const users = acl.acl.map(({ user, token, flags }): [string, AclEntry] => [
    user,
    Object.freeze({ user, token, flags }),
  ])
  return Object.freeze({ users: new Map(users) })
}

function freezeQueue({ key, servers }: QueueConfig) {
  const addresses = servers.map(({ host, port }) => Object.freeze({ host, port }))
  return Object.freeze({ key, servers: Object.freeze(addresses) })
}

function findContradictions({ servers, shards }: ModelParts): string[] {
  const problems: string[] = []
  const shardOf = new Map<string, string>()
  for (const [id, { nodes }] of shards) {
    for (const node of nodes) {
      if (!servers.has(node)) problems.push(`Shard ${id} names server ${node}, which is unknown`)
      const other = shardOf.get(node)
      if (other !== undefined) problems.push(`Server ${node} is in two shards: ${other} and ${id}`)
      shardOf.set(node, id)
    }
  }
  return problems
}
