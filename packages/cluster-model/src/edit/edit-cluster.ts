// Every change of the model, for all the commands. Each function plans against the present model, refuses mistakes with
// EDIT_REFUSED and its reasons, and gives what was done and what is worth a warning. Beside that they throw
// MODEL_MISSING (not initialised), MODEL_INVALID (a znode cannot be understood, and is not overwritten), EDIT_LOCKED (another
// admin edits, who is named), TREE_AWAY (whether anything was changed is said), TREE_CLOSED, and the signal's reason.
// What they return from is in the tree.
import type { ClusterTree } from '../tree/cluster-tree.js'
import { applyEdit, type EditOptions, type EditReport } from './apply-edit.js'
import { type ClusterModel, readBucketModel, readModel } from './cluster-model.js'
import type { EditPlan } from './edit-plan.js'
import { type ImportBucketsRequest, planImportBuckets } from './plan-bucket-edits.js'
import { type InitRequest, planInit, planSetQueue, type QueueRequest } from './plan-cluster-edits.js'
import {
  type AddServerRequest,
  planAddServer,
  planRemoveServer,
  type RemoveServerRequest,
} from './plan-server-edits.js'
import {
  type AddShardRequest,
  planAddShard,
  planResizeShard,
  planSetShardWritable,
  type ResizeShardRequest,
  type SetWritableRequest,
} from './plan-shard-edits.js'
import { readBucketFile } from './read-bucket-file.js'

export type { EditOptions, EditReport } from './apply-edit.js'

/** Makes the maps and the queue where they are missing; what is there stays. Idempotent. */
export function initCluster(
  tree: ClusterTree,
  request: InitRequest,
  options: EditOptions = {},
): Promise<EditReport> {
  return applyEdit(
    tree,
    about(undefined, (model) => planInit(model, request)),
    options,
  )
}

/** Refuses an address that another id has. */
export function addServer(
  tree: ClusterTree,
  request: AddServerRequest,
  options: EditOptions = {},
): Promise<EditReport> {
  return applyEdit(
    tree,
    about(undefined, (model) => planAddServer(model, request)),
    options,
  )
}

/** Refuses while a shard has it. */
export function removeServer(
  tree: ClusterTree,
  request: RemoveServerRequest,
  options: EditOptions = {},
): Promise<EditReport> {
  return applyEdit(
    tree,
    about(undefined, (model) => planRemoveServer(model, request)),
    options,
  )
}

/** A new shard is read-only until it is enabled; one that exists only gets its nodes changed. */
export function addShard(
  tree: ClusterTree,
  request: AddShardRequest,
  options: EditOptions = {},
): Promise<EditReport> {
  return applyEdit(
    tree,
    about(request.id, (model) => planAddShard(model, request)),
    options,
  )
}

/** Coordinators follow without restart. */
export function setShardWritable(
  tree: ClusterTree,
  request: SetWritableRequest,
  options: EditOptions = {},
): Promise<EditReport> {
  return applyEdit(
    tree,
    about(request.id, (model) => planSetShardWritable(model, request)),
    options,
  )
}

/** Below what is used it is allowed, with a warning: nothing more is written then. */
export function resizeShard(
  tree: ClusterTree,
  request: ResizeShardRequest,
  options: EditOptions = {},
): Promise<EditReport> {
  return applyEdit(
    tree,
    about(request.id, (model) => planResizeShard(model, request)),
    options,
  )
}

/** Daemons follow without restart. */
export function setQueue(
  tree: ClusterTree,
  request: QueueRequest,
  options: EditOptions = {},
): Promise<EditReport> {
  return applyEdit(
    tree,
    about(undefined, (model) => planSetQueue(model, request)),
    options,
  )
}

/**
 * Takes over Backrunner's bucket file: groups are servers, buckets are shards, and `admin` is who may administer. Buckets and
 * an admin ACL that it does not name stay as they are. Coordinators follow without restart.
 */
export async function importBuckets(
  tree: ClusterTree,
  { file, ...request }: Omit<ImportBucketsRequest, 'file'> & { readonly file: unknown },
  options: EditOptions = {},
): Promise<EditReport> {
  const read = readBucketFile(file)
  return applyEdit(
    tree,
    {
      read: () =>
        readBucketModel(
          tree,
          read.buckets.map(({ id }) => id),
        ),
      plan: (model) => planImportBuckets(model, { ...request, file: read }),
    },
    options,
  )
}

/** An edit about one shard, whose size it needs, or about none. */
function about(shardId: string | undefined, plan: (model: ClusterModel) => EditPlan) {
  return { read: (tree: ClusterTree) => readModel(tree, shardId), plan }
}
