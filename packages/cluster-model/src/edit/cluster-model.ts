// The model as edits see it: what stands in the znodes, undefined where there is none, and the versions it had.
import { ClusterError, codeOf } from '../errors.js'
import type { ShardAclEntry } from '../schema/acl-schemas.js'
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
  shardAclCodec,
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

/** What stands in an ACL's znode; 'unreadable' when it cannot be understood. */
export type PresentAcl = ShardAclEntry | 'unreadable' | undefined

/** For edits that are about many shards. */
export interface BucketModel extends ClusterModel {
  readonly adminAcl: PresentAcl
  /** By shard id, as are the ACLs; only those that were asked for. */
  readonly sizes: ReadonlyMap<string, ShardSize | undefined>
  readonly acls: ReadonlyMap<string, PresentAcl>
}

export interface ReadModel<Model extends ClusterModel = ClusterModel> {
  readonly model: Model
  /** By path; undefined where there was no znode. */
  readonly versions: ReadonlyMap<string, number | undefined>
}

/** Reads all of it, of the sizes only that of `shardId`, unless that is no id at all. Throws MODEL_INVALID, TREE_AWAY, TREE_CLOSED. */
export async function readModel(tree: ClusterTree, shardId: string | undefined): Promise<ReadModel> {
  const reader = new ModelReader(tree)
  const isId = shardId !== undefined && idSchema.safeParse(shardId).success
  const size = isId ? await reader.read(treePaths.shardSize(shardId), shardSizeCodec) : undefined
  return { model: { ...(await reader.readMaps()), size }, versions: reader.versions }
}

/** With sizes and ACLs of these shards, and the admin ACL. Throws as readModel(), but not for an ACL. */
export async function readBucketModel(
  tree: ClusterTree,
  shardIds: Iterable<string>,
): Promise<ReadModel<BucketModel>> {
  const reader = new ModelReader(tree)
  const maps = await reader.readMaps()
  const sizes = new Map<string, ShardSize | undefined>()
  const acls = new Map<string, PresentAcl>()
  for (const id of shardIds) {
    sizes.set(id, await reader.read(treePaths.shardSize(id), shardSizeCodec))
    acls.set(id, await reader.readAcl(treePaths.shardAcl(id)))
  }
  const adminAcl = await reader.readAcl(treePaths.adminAcl)
  return { model: { ...maps, size: undefined, sizes, acls, adminAcl }, versions: reader.versions }
}

/** Notes the version of everything it reads. */
class ModelReader {
  readonly #tree: ClusterTree
  readonly versions = new Map<string, number | undefined>()

  constructor(tree: ClusterTree) {
    this.#tree = tree
  }

  async read<Value>(path: string, codec: ZnodeCodec<Value>): Promise<Value | undefined> {
    const node = await this.#tree.get(path)
    this.versions.set(path, node?.version)
    return node === undefined ? undefined : codec.decode(path, node.data)
  }

  async readAcl(path: string): Promise<PresentAcl> {
    try {
      return await this.read(path, shardAclCodec)
    } catch (error) {
      if (codeOf(error) !== 'MODEL_INVALID') throw error
      return 'unreadable'
    }
  }

  async readMaps() {
    return {
      servers: await this.read(treePaths.serversMap, serversMapCodec),
      shards: await this.read(treePaths.shardsMap, shardsMapCodec),
      queue: await this.read(treePaths.queue, queueCodec),
    }
  }
}

/** A model whose maps are there. */
export type Initialised<Model extends ClusterModel> = Model & {
  readonly servers: ServersMap
  readonly shards: ShardsMap
}

export type InitialisedModel = Initialised<ClusterModel>

/** Throws MODEL_MISSING before the cluster has been initialised. */
export function requireInitialised<Model extends ClusterModel>(model: Model): Initialised<Model> {
  const { servers, shards } = model
  if (servers !== undefined && shards !== undefined) return { ...model, servers, shards }
  const path = servers === undefined ? treePaths.serversMap : treePaths.shardsMap
  throw new ClusterError('MODEL_MISSING', `The cluster is not initialised: there is no ${path}`, { path })
}
