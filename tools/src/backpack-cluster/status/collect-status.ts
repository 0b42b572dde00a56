// Everything `status` shows, gathered at one moment; also its JSON.
import type { ClusterTree, ClusterWatch, DaemonEntry, QueueFigures } from '@backpack/cluster-model'
import type { QueueAccess } from '../queue-access.js'
import { askNodes, type NodeState } from './ask-nodes.js'

export interface ClusterStatus {
  readonly cluster: string
  readonly atMs: number
  readonly shards: readonly ShardStatus[]
  readonly servers: readonly ServerStatus[]
  readonly queue: QueueStatus
  readonly daemons: readonly DaemonEntry[]
  readonly problems: readonly string[]
}

export interface ShardStatus {
  readonly id: string
  readonly writable: boolean
  /** Null while unknown. */
  readonly capacityBytes: number | null
  readonly currentBytes: number
  /** Ids of servers. */
  readonly nodes: readonly string[]
}

export interface ServerStatus {
  readonly id: string
  readonly url: string
  readonly state: NodeState
}

export type QueueStatus =
  | { readonly where: string; readonly figures: QueueFigures }
  /** Why nothing can be said of it. */
  | { readonly error: string }

/** Each part is asked by itself and has its own deadline: what does not answer is said, the rest is shown. */
export async function collectStatus({
  cluster,
  tree,
  watch,
  openQueue,
  signal,
}: {
  cluster: string
  tree: ClusterTree
  watch: ClusterWatch
  openQueue: () => Promise<QueueAccess>
  signal: AbortSignal
}): Promise<ClusterStatus> {
  const { shards, servers, daemons, problems } = watch.snapshot
  const [states, queue] = await Promise.all([askNodes(servers.values(), signal), readQueue(openQueue)])
  signal.throwIfAborted()
  const away = tree.state === 'connected' ? [] : ['The model cannot be read now: this is what it was last']
  return {
    cluster,
    atMs: Date.now(),
    shards: [...shards.values()].map(({ id, readOnly, capacityBytes, currentBytes, nodes }) => ({
      id,
      writable: !readOnly,
      capacityBytes: capacityBytes ?? null,
      currentBytes,
      nodes: nodes.map((node) => node.id),
    })),
    servers: [...servers.values()].map(({ id, url }) => ({ id, url, state: states.get(id) ?? 'down' })),
    queue,
    daemons,
    problems: [...away, ...problems],
  }
}

async function readQueue(openQueue: () => Promise<QueueAccess>): Promise<QueueStatus> {
  try {
    const queue = await openQueue()
    return { where: queue.where, figures: await queue.figures() }
  } catch (error) {
    return { error: (error as Error).message }
  }
}
