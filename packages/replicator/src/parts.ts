// What a replicator is made of, as its flows see it. replicator.ts puts it together.
import type { NodeClient } from '@backpack/cluster-model'
import type { AwayNodes } from './away-nodes.js'
import type { BandwidthLimit } from './copy/bandwidth-limit.js'
import type { ReplicatorLimits } from './limits.js'
import type { ReplicatorLog } from './options.js'
import type { PresentModel } from './present-model.js'

export interface CopyParts {
  readonly model: PresentModel
  readonly nodes: NodeClient
  readonly away: AwayNodes
  readonly bandwidth: BandwidthLimit
  readonly limits: ReplicatorLimits
  readonly log: ReplicatorLog
}
