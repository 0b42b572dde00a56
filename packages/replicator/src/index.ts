export {
  type ClusterSnapshot,
  ClusterError,
  clusterErrorCatalogue,
  type ClusterErrorCode,
  type ClusterTree,
  FileTree,
  LocalQueue,
  openTree,
  pathOfName,
  type QueueFigures,
  type ReplicationQueue,
  type Task,
  type TreeAddress,
} from '@backpack/cluster-model'
export { type ReplicatorLimits, replicatorLimits } from './limits.js'
export type { ReplicatorLog, ReplicatorOptions } from './options.js'
export { Replicator, type ReplicatorStats } from './replicator.js'
