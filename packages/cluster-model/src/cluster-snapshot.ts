// The model as callers see it: one frozen value, made anew at each change. Nothing in it is ever changed.

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
  /** What of the tree could not be used, in sentences; the value before it stays in use. */
  readonly problems: readonly string[]
}
