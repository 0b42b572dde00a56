// The model as callers see it: one frozen value, made anew at each change. Nothing in it is ever changed.

import type { Secret } from '@backpack/signing'

/** What a user of a shard may do: Backrunner's flags, added up. 0: read, with a signature. */
export const aclFlags = { unsigned: 1, write: 2, admin: 4 } as const

export interface AclEntry {
  /** `*` stands for whoever says no name. */
  readonly user: string
  readonly token: Secret
  /** A sum of aclFlags. */
  readonly flags: number
}

export interface ShardAcl {
  /** By user. Never empty: an empty list in the tree is no ACL. */
  readonly users: ReadonlyMap<string, AclEntry>
}

/**
 * Who may use a shard. 'open': everybody, for it has no ACL. 'closed': nobody, for its ACL stands in the tree and was never
 * understood.
 */
export type ShardAccess = ShardAcl | 'open' | 'closed'

export interface ServerNode {
  readonly id: string
  readonly host: string
  readonly port: number
  /** `http://host:port`, without a trailing slash. */
  readonly url: string
}

export interface Shard {
  readonly id: string
  /** Every blob of the shard belongs on each of them. Servers that the model does not know are left out (see problems). */
  readonly nodes: readonly ServerNode[]
  readonly readOnly: boolean
  /** Of one node, not times the copies; undefined while `/shard-size-<id>` is missing or unreadable. */
  readonly capacityBytes: number | undefined
  readonly currentBytes: number
  readonly access: ShardAccess
  /** Of all blobs of one node together; undefined without a limit. */
  readonly usedBytesMax: number | undefined
  /** `flags` of Backrunner's bucket file: kept, without a meaning. */
  readonly bucketFlags: number
  /** Blobs of one node; undefined without a limit. */
  readonly blobsMax: number | undefined
}

export interface QueueAddresses {
  readonly key: string
  readonly servers: readonly { readonly host: string; readonly port: number }[]
}

export interface DaemonEntry {
  /** The child of `/daemons`. */
  readonly id: string
  readonly kind: 'coordinator' | 'replicator' | 'store'
  readonly hostname: string
  readonly pid: number
  readonly startedAtMs: number
  readonly url: string | undefined
  readonly packageVersion: string
}

export interface ClusterSnapshot {
  readonly servers: ReadonlyMap<string, ServerNode>
  readonly shards: ReadonlyMap<string, Shard>
  /** Undefined while `/queue` is missing or unreadable. */
  readonly queue: QueueAddresses | undefined
  readonly daemons: readonly DaemonEntry[]
  /** Who may administer: 'open' when there is no admin ACL. */
  readonly adminAccess: ShardAccess
  /** What of the tree could not be used, in sentences; the value before it stays in use. */
  readonly problems: readonly string[]
}
