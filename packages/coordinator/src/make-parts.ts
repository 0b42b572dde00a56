// Puts the parts of a coordinator together, once its tree, its model and its queue are there.
import { type ClusterWatch, HttpNodeClient, NodePools, type ReplicationQueue } from '@backpack/cluster-model'
import type { ReadParts } from './http/serve-blob.js'
import { InFlight } from './in-flight.js'
import { NodeStats } from './measure/node-stats.js'
import { WriteMeasurements } from './measure/write-measurements.js'
import { NodeHealth } from './node-health.js'
import { NodeProbe } from './node-probe.js'
import type { ResolvedOptions } from './options.js'
import { QueueLink } from './queue-link.js'
import { BodyRate } from './receive/body-rate.js'
import { UploadReceiver } from './receive/receive-upload.js'
import type { ShardSizes } from './shard-sizes.js'
import { StatsdReporter } from './statsd.js'
import { UploadCounters } from './upload-counters.js'

/** What is opened is closed in the reverse order. */
export type Closer = () => Promise<void> | void

/** What is started here is closed by `closers`. */
export function makeParts(
  options: ResolvedOptions,
  { watch, queue, sizes }: { watch: ClusterWatch; queue: ReplicationQueue; sizes: ShardSizes },
  closers: Closer[],
): ReadParts {
  const { limits, log, copies, random, spoolDirectory, statsd, freeSpaceLimits, clusterSecret } = options
  const nodes = new HttpNodeClient({ connectionsPerNodeMax: limits.nodeConnectionsMax, clusterSecret })
  const readPools = new NodePools({
    connectionsPerNodeMax: limits.nodeConnectionsMax,
    connectMs: limits.connectMs,
    clusterSecret,
  })
  const health = new NodeHealth()
  const rate = new BodyRate(limits)
  const writes = new WriteMeasurements()
  const nodeStats = startNodeStats(options, { watch, nodes, health, writes, sizes })
  const parts: ReadParts = {
    watch,
    nodes,
    readPools,
    health,
    isUp: ({ id }) => health.downSinceMs(id) === undefined,
    queue: new QueueLink(queue, { limits, log }),
    receiver: new UploadReceiver({ limits, spoolDirectory, rate }),
    inFlight: new InFlight(),
    uploads: new UploadCounters(limits),
    limits,
    log,
    copies,
    random,
    writes,
    nodeStats,
    freeSpaceLimits,
  }
  const probe = new NodeProbe(parts)
  closers.push(
    () => nodes.close(),
    () => readPools.close(),
    () => rate.close(),
    () => nodeStats.close(),
    () => probe.close(),
  )
  if (statsd !== undefined) {
    const reporter = new StatsdReporter(parts, statsd)
    closers.push(() => reporter.close())
  }
  return parts
}

function startNodeStats(
  { limits, statsEveryMs = () => limits.sizesEveryMs }: ResolvedOptions,
  { watch, nodes, health, writes, sizes }: StatsParts,
): NodeStats {
  return new NodeStats({
    watch,
    nodes,
    health,
    limits,
    // The sizes are for all coordinators, and not to wait for the configuration of one of them.
    everyMs: () => (sizes.held ? Math.min(limits.sizesEveryMs, statsEveryMs()) : statsEveryMs()),
    onRound: async (answered, signal) => {
      writes.keep(watch.snapshot.servers)
      await sizes.publish(answered, signal)
    },
  })
}

interface StatsParts {
  readonly watch: ClusterWatch
  readonly nodes: HttpNodeClient
  readonly health: NodeHealth
  readonly writes: WriteMeasurements
  readonly sizes: ShardSizes
}
