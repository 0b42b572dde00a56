export {
  addServer,
  addShard,
  ClusterError,
  clusterErrorCatalogue,
  type ClusterErrorCode,
  type ClusterSnapshot,
  type ClusterTree,
  type EditOptions,
  type EditReport,
  FileTree,
  initCluster,
  LocalQueue,
  type NodeBlob,
  openTree,
  removeServer,
  type ReplicationQueue,
  resizeShard,
  type ServerNode,
  setQueue,
  setShardWritable,
  type Shard,
  type TreeAddress,
} from '@backpack/cluster-model'
export { Coordinator, type PutBlobOptions } from './coordinator.js'
export type { GatewayDoor, GatewayListening } from './gateway/start-gateway.js'
export type { DeleteReceipt } from './handle-delete.js'
export type { PutReceipt } from './handle-put.js'
export type { OpenBlob } from './handle-read.js'
export type { Listening, ListenOptions } from './http/start-listening.js'
export { type CoordinatorLimits, coordinatorLimits } from './limits.js'
export type { CoordinatorLog, CoordinatorOptions } from './options.js'
export type {
  FreeSpaceLimits,
  Measurements,
  NodeFigures,
  NodeMeasurement,
  WriteMeasurement,
} from './measure/measurements.js'
export { orderNodes } from './node-order.js'
export {
  type ExcludedShard,
  pickShard,
  type RatedShard,
  scoreShards,
  type ShardFactors,
  type ShardScore,
} from './pick-shard.js'
export type { Exclusion, ExclusionCode } from './shard-exclusion.js'
