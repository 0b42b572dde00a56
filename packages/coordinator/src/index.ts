export {
  type ClusterSnapshot,
  ClusterError,
  clusterErrorCatalogue,
  type ClusterErrorCode,
  type ClusterTree,
  FileTree,
  LocalQueue,
  type NodeBlob,
  openTree,
  type ReplicationQueue,
  type ServerNode,
  type Shard,
  type TreeAddress,
} from '@backpack/cluster-model'
export { Coordinator, type PutBlobOptions } from './coordinator.js'
export type { DeleteReceipt } from './handle-delete.js'
export type { PutReceipt } from './handle-put.js'
export type { OpenBlob } from './handle-read.js'
export type { Listening, ListenOptions } from './http/start-listening.js'
export { type CoordinatorLimits, coordinatorLimits } from './limits.js'
export type { CoordinatorLog, CoordinatorOptions } from './options.js'
export { pickShard, type PickOptions } from './pick-shard.js'
