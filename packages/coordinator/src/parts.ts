// What a coordinator is made of, as its flows see it. coordinator.ts puts it together.
import type { ClusterWatch, NodeClient, ServerNode } from '@backpack/cluster-model'
import type { InFlight } from './in-flight.js'
import type { CoordinatorLimits } from './limits.js'
import type { FreeSpaceLimits } from './measure/measurements.js'
import type { NodeStats } from './measure/node-stats.js'
import type { WriteMeasurements } from './measure/write-measurements.js'
import type { NodeHealth } from './node-health.js'
import type { CoordinatorLog } from './options.js'
import type { QueueLink } from './queue-link.js'
import type { UploadReceiver } from './receive/receive-upload.js'
import type { UploadCounters } from './upload-counters.js'

export interface CoordinatorParts {
  readonly watch: ClusterWatch
  readonly nodes: NodeClient
  readonly health: NodeHealth
  readonly queue: QueueLink
  readonly receiver: UploadReceiver
  readonly inFlight: InFlight
  readonly uploads: UploadCounters
  readonly limits: CoordinatorLimits
  readonly log: CoordinatorLog
  /** Copies that an upload waits for when it does not say. */
  readonly copies: number
  readonly random: () => number
  /** How uploads to the nodes went. */
  readonly writes: WriteMeasurements
  /** What the nodes say of themselves. */
  readonly nodeStats: NodeStats
  /** As they are now: a configuration can change them. */
  readonly freeSpaceLimits: () => FreeSpaceLimits
  /** Whether the node's last answer was one, as far as is known. */
  readonly isUp: (node: ServerNode) => boolean
}
