// A replicator from open to close. A task's way: work/work-loop.ts → copy/run-task.ts → work/settle-task.ts.
import {
  type ClusterSnapshot,
  type ClusterTree,
  type ClusterWatch,
  HttpNodeClient,
  LocalQueue,
  openQueue,
  openTree,
  type QueueFigures,
  registerDaemon,
  type ReplicationQueue,
  type Task,
  watchCluster,
} from '@backpack/cluster-model'
import { hostname } from 'node:os'
import { AwayNodes } from './away-nodes.js'
import { BandwidthLimit } from './copy/bandwidth-limit.js'
import { runTask } from './copy/run-task.js'
import { ReplicatorCounters } from './counters.js'
import { type StatusServer, startStatusServer } from './http/status-server.js'
import { ReplicatorMetrics } from './metrics.js'
import { type ReplicatorOptions, resolveOptions, type ResolvedOptions } from './options.js'
import { packageVersion } from './package-version.js'
import type { CopyParts } from './parts.js'
import { PresentModel } from './present-model.js'
import { RepairLoop } from './repair/repair-loop.js'
import { Acknowledger } from './work/acknowledger.js'
import { TargetNotes } from './work/target-notes.js'
import { WorkLoop } from './work/work-loop.js'

/** To one node, for repairs beside the tasks of the queue. */
const repairConnections = 64

/** Since this replicator was opened, but for the queue's figures, which are of the whole cluster. */
export interface ReplicatorStats {
  readonly copied: number
  readonly copiedBytes: number
  readonly deleted: number
  /** Tasks that needed no change any more. */
  readonly closed: number
  readonly failed: number
  readonly parked: number
  readonly underWay: number
  /** Ids of nodes that are left alone because they are away or full. */
  readonly awayNodes: readonly string[]
  /** Comparisons of a shard that came to their end, and blobs and tombstones that they brought to a node. */
  readonly repairs: number
  readonly repaired: number
  /** Ids of shards whose nodes are being compared here now. */
  readonly repairing: readonly string[]
  readonly queueAnswers: boolean
  /** Undefined while the queue does not answer. */
  readonly queue: QueueFigures | undefined
}

/** What is opened is closed in the reverse order. */
type Closer = () => Promise<void> | void

export class Replicator implements AsyncDisposable {
  /** Where metrics and health are served; undefined without a port. */
  readonly url: string | undefined
  readonly #parts: RunningParts
  readonly #closers: Closer[]
  #closing: Promise<void> | undefined

  private constructor(url: string | undefined, parts: RunningParts, closers: Closer[]) {
    this.url = url
    this.#parts = parts
    this.#closers = closers
  }

  /**
   * Resolves once the model was read; tasks are claimed from then on. Throws INVALID_OPTIONS, TREE_AWAY, CLIENT_MISSING (npm
   * `zookeeper` is not installed), QUEUE_LOCKED (a directory that another process has), and the error of listen(2), such
   * as EADDRINUSE; nothing stays open then.
   */
  static async open(options: ReplicatorOptions): Promise<Replicator> {
    const resolved = resolveOptions(options)
    const closers: Closer[] = []
    try {
      const tree = await openClusterTree(resolved, closers)
      const watch = await watchCluster(tree)
      closers.push(() => watch.close())
      const queue = await openReplicationQueue(resolved, watch, closers)
      const parts = startParts(resolved, { tree, watch, queue }, closers)
      startRepairs(resolved, parts, { tree, watch, queue }, closers)
      const server = await listen(resolved, parts, closers)
      const registration = await registerDaemon(tree, {
        kind: 'replicator',
        url: server && registeredUrl(server.url, resolved.host),
        packageVersion: packageVersion(),
      })
      closers.push(() => registration.close())
      return new Replicator(server?.url, parts, closers)
    } catch (error) {
      await closeAll(closers)
      throw error
    }
  }

  /** The model as it is known now; frozen. */
  get snapshot(): ClusterSnapshot {
    return this.#parts.copy.model.snapshot
  }

  /** Never throws. */
  stats(): Promise<ReplicatorStats> {
    return statsOf(this.#parts)
  }

  /**
   * Takes no more tasks, finishes those under way, for at most 10 s, and gives the rest back. Then closes what was opened
   * here: a tree or a queue that was given stays open. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= closeAll(this.#closers)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

interface RunningParts {
  readonly queue: ReplicationQueue
  readonly copy: CopyParts
  readonly counters: ReplicatorCounters
  readonly loop: WorkLoop
  /** Undefined when there are none. */
  repairs: RepairLoop | undefined
}

interface Surroundings {
  readonly tree: ClusterTree
  readonly watch: ClusterWatch
  readonly queue: ReplicationQueue
}

function startParts(
  { concurrency, leaseMs, bandwidthBytesPerSecond, clusterSecret, limits, log }: ResolvedOptions,
  { tree, watch, queue }: Surroundings,
  closers: Closer[],
): RunningParts {
  const nodes = new HttpNodeClient({
    connectionsPerNodeMax: 2 * concurrency + repairConnections,
    clusterSecret,
  })
  closers.push(() => nodes.close())
  const model = new PresentModel(tree, watch, limits.freshModelMs)
  const notes = new TargetNotes(queue, { answeringEveryMs: limits.answeringEveryMs, log })
  const addressOf = (nodeId: string) => model.snapshot.servers.get(nodeId)
  const away = new AwayNodes({ nodes, limits, addressOf }, notes)
  closers.push(async () => {
    away.close()
    await notes.idle()
  })
  const bandwidth = new BandwidthLimit(bandwidthBytesPerSecond)
  const copy: CopyParts = { model, nodes, away, bandwidth, limits, log }
  const counters = new ReplicatorCounters()
  const acknowledger = new Acknowledger(queue)
  const loop = new WorkLoop({ copy, queue, acknowledger, notes, counters, log, concurrency, leaseMs })
  closers.push(() => loop.close(limits.closeMs))
  return { queue, copy, counters, loop, repairs: undefined }
}

function startRepairs(
  { repairEveryMs, repairLimits, log }: ResolvedOptions,
  parts: RunningParts,
  { tree, watch, queue }: Surroundings,
  closers: Closer[],
): void {
  if (repairEveryMs === 0) return
  const { copy, counters } = parts
  const repairs = new RepairLoop({
    ...{ tree, watch, queue, nodes: copy.nodes, repairEveryMs, log, limits: repairLimits },
    copyTask: (task, signal) => copyTask(copy, task, signal),
    onReport: ({ copied, deleted }) => {
      counters.repairs++
      counters.repaired += copied + deleted
    },
  })
  parts.repairs = repairs
  closers.push(() => repairs.close())
}

/** For repairs: the same way as a task of the queue, without the queue. Rejects with the signal's reason. */
async function copyTask(copy: CopyParts, task: Task, signal: AbortSignal): Promise<'done' | 'failed'> {
  const result = await runTask(copy, { task, queuedAtMs: undefined, lookFirst: false }, signal)
  if (result.outcome === 'done') return 'done'
  copy.log.warn({ path: task.path, to: task.to, reason: result.reason }, 'a repair could not copy a blob')
  return 'failed'
}

async function statsOf({ queue, copy, counters, loop, repairs }: RunningParts): Promise<ReplicatorStats> {
  const { onDone: _, ...counts } = counters
  return {
    ...counts,
    underWay: loop.size,
    awayNodes: copy.away.ids(),
    repairing: repairs?.running ?? [],
    queueAnswers: loop.queueAnswers,
    queue: await queue.figures().catch(() => undefined),
  }
}

async function listen(
  { host, port }: ResolvedOptions,
  parts: RunningParts,
  closers: Closer[],
): Promise<StatusServer | undefined> {
  if (port === undefined) return undefined
  const metrics = new ReplicatorMetrics()
  parts.counters.onDone = (seconds) => metrics.observe(seconds)
  const source = {
    metricsType: metrics.contentType,
    metrics: async () => metrics.render(await statsOf(parts)),
    ready: () => parts.loop.queueAnswers,
  }
  const server = await startStatusServer(source, { host, port })
  closers.push(() => server.close())
  return server
}

/** Others cannot reach 0.0.0.0: for them it is this machine's name. */
function registeredUrl(url: string, host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return url
  const everywhere = new URL(url)
  everywhere.hostname = hostname()
  return everywhere.origin
}

async function openClusterTree({ cluster }: ResolvedOptions, closers: Closer[]): Promise<ClusterTree> {
  if ('watchNode' in cluster) return cluster
  const tree = await openTree(cluster)
  closers.push(() => tree.close())
  return tree
}

async function openReplicationQueue(
  { queue: given }: ResolvedOptions,
  watch: ClusterWatch,
  closers: Closer[],
): Promise<ReplicationQueue> {
  if (given !== undefined && 'claim' in given) return given
  const queue = given === undefined ? openQueue(watch) : await LocalQueue.open(given)
  closers.push(() => queue.close())
  return queue
}

async function closeAll(closers: Closer[]): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close()
}
