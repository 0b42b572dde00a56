export { describeAdminFlags, describeFlags } from './access-words.js'
export { nameOfPath, pathOfName } from './blob-path.js'
export {
  type AclEntry,
  aclFlags,
  type ClusterSnapshot,
  type DaemonEntry,
  type QueueAddresses,
  type ServerNode,
  type Shard,
  type ShardAccess,
  type ShardAcl,
} from './cluster-snapshot.js'
export {
  addServer,
  addShard,
  type EditOptions,
  type EditReport,
  importBuckets,
  initCluster,
  removeServer,
  resizeShard,
  setQueue,
  setShardWritable,
} from './edit/edit-cluster.js'
export {
  ClusterError,
  clusterErrorCatalogue,
  type ClusterErrorCode,
  codeOf,
  detailOf,
  isClusterError,
} from './errors.js'
export { HttpNodeClient, type HttpNodeClientOptions } from './nodes/http-node-client.js'
export { checksumOfEtag } from './nodes/node-answers.js'
export type {
  DeleteNodeResult,
  GetResult,
  HeadResult,
  NodeBlob,
  NodeClient,
  PutNodeOptions,
  PutNodeResult,
  ResendableBody,
} from './nodes/node-client.js'
export { NodePools, type NodePoolsOptions } from './nodes/node-pools.js'
export { LocalQueue } from './queue/local-queue.js'
export { openQueue } from './queue/open-queue.js'
export { RedisQueue } from './queue/redis-queue.js'
export type {
  Claim,
  ClaimOptions,
  ParkedTask,
  QueueFigures,
  ReplicationQueue,
  Task,
} from './queue/replication-queue.js'
export { readCluster } from './read-cluster.js'
export { type RegisterOptions, registerDaemon, type Registration } from './register-daemon.js'
export { addressListSchema, type HostAndPort, showAddress, urlOf } from './schema/addresses.js'
export { clusterSecretSchema } from './schema/cluster-secret.js'
export { formatSize } from './schema/format-size.js'
export { type DaemonRegistration, idTextSchema } from './schema/znode-schemas.js'
export type { ClusterTree, TreeNode, TreeState } from './tree/cluster-tree.js'
export { FileTree } from './tree/file-tree.js'
export { openTree, type TreeAddress } from './tree/open-tree.js'
export { holdTurn } from './tree/hold-turn.js'
export { ZooKeeperTree } from './tree/zookeeper-tree.js'
export { type ClusterWatch, watchCluster } from './watch-cluster.js'
export { treePaths } from './znode-paths.js'
export { shardSizeCodec } from './znode-codec.js'
