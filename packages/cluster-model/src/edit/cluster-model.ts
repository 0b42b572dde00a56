// The model as edits see it: what stands in the znodes, undefined where there is none, and the versions it had.
import { ClusterError } from '../errors.js'
import {
  idSchema,
  type QueueConfig,
  type ServersMap,
  type ShardSize,
  type ShardsMap,
} from '../schema/znode-schemas.js'
import type { ClusterTree } from '../tree/cluster-tree.js'
import {
  queueCodec,
  serversMapCodec,
  shardSizeCodec,
  shardsMapCodec,
  type ZnodeCodec,
} from '../znode-codec.js'
import { treePaths } from '../znode-paths.js'

export interface ClusterModel {
  readonly servers: ServersMap | undefined
  readonly shards: ShardsMap | undefined
  readonly queue: QueueConfig | undefined
  /** Of the shard that the edit is about. */
  readonly size: ShardSize | undefined
}

export interface ReadModel {
  readonly model: ClusterModel
  /** By path; undefined where there was no znode. */
  readonly versions: ReadonlyMap<string, number | undefined>
}

/** Reads all of it, of the sizes only that of `shardId`, unless that is no id at all. Throws MODEL_INVALID, TREE_AWAY, TREE_CLOSED. */
export async function readModel(tree: ClusterTree, shardId: string | undefined): Promise<ReadModel> {
  const versions = new Map<string, number | undefined>()
  const read = async <Value>(path: string, codec: ZnodeCodec<Value>): Promise<Value | undefined> => {
    const node = await tree.get(path)
    versions.set(path, node?.version)
    return node === undefined ? undefined : codec.decode(path, node.data)
  }
  const model = {
    servers: await read(treePaths.serversMap, serversMapCodec),
    shards: await read(treePaths.shardsMap, shardsMapCodec),
    queue: await read(treePaths.queue, queueCodec),
    size: idSchema.safeParse(shardId).success
      ? await read(treePaths.shardSize(shardId ?? ''), shardSizeCodec)
      : undefined,
  }
  return { model, versions }
}

export interface InitialisedModel extends ClusterModel {
  readonly servers: ServersMap
  readonly shards: ShardsMap
}

/** Throws MODEL_MISSING before the cluster has been initialised. */
export function requireInitialised({ servers, shards, ...rest }: ClusterModel): InitialisedModel {
  if (servers !== undefined && shards !== undefined) return { servers, shards, ...rest }
  const path = servers === undefined ? treePaths.serversMap : treePaths.shardsMap
  throw new ClusterError('MODEL_MISSING', `The cluster is not initialised: there is no ${path}`, { path })
}
