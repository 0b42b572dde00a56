// A delete goes to every node of the shard at once; those that are away get it from the queue.
import {
  ClusterError,
  type DeleteNodeResult,
  pathOfName,
  type ServerNode,
  type Task,
} from '@backpack/cluster-model'
import { askNode } from './ask-node.js'
import { checkName, type BlobAddress } from './blob-address.js'
import { codeOf } from './error-codes.js'
import { orderNodes } from './node-order.js'
import type { CoordinatorParts } from './parts.js'
import { shardToRead } from './shard-to-read.js'

export type DeleteReceipt =
  | { readonly outcome: 'deleted' /** Sixteen hex digits: the tombstone's. */; readonly version: string }
  | { readonly outcome: 'missing' }

/** A node that has a newer blob than the tombstone is asked to delete that one; so often at most. */
const roundsMax = 3

/**
 * Resolves when every node that answers has a tombstone and the others have a task. 'missing' when every node said so.
 * Throws NAME_INVALID, NAME_TOO_LONG, NODES_AWAY (none of those that answer has the blob, but not all answer), QUEUE_AWAY.
 */
export async function handleDelete(
  parts: CoordinatorParts,
  { shardId, name }: BlobAddress,
): Promise<DeleteReceipt> {
  checkName(name)
  const shard = shardToRead(parts, shardId)
  if (shard === undefined) return { outcome: 'missing' }
  const path = pathOfName(name)
  const nodes = orderNodes(shard.nodes, name, parts.isUp)
  const first = await deleteSomewhere(parts, nodes, path)
  if (first === undefined) return { outcome: 'missing' }
  let deleted = first
  let away: ServerNode[] = []
  for (let round = 0; round < roundsMax; round++) {
    const { version, node }: Tombstone = deleted
    const others = nodes.filter((other) => other !== node)
    const results = await Promise.all(others.map((other) => deleteAt(parts, other, path, version)))
    away = others.filter((_, at) => results[at] === undefined)
    const newer = others.filter((_, at) => results[at]?.outcome === 'older')
    if (newer.length === 0) break
    // An overwrite that had not been copied yet, by a clock that is ahead: the delete came after it all the same.
    const again: Tombstone | undefined = await deleteSomewhere(parts, newer, path).catch(() => undefined)
    if (again === undefined || again.version <= version) break
    deleted = again
  }
  const { version } = deleted
  if (away.length > 0) await queueDeletes(parts, { shardId, path, version, from: nodes, away })
  return { outcome: 'deleted', version }
}

interface Tombstone {
  readonly version: string
  readonly node: ServerNode
}

/** The first node that deletes the blob gives the version. Undefined when all say that there is none. */
async function deleteSomewhere(
  parts: CoordinatorParts,
  nodes: readonly ServerNode[],
  path: string,
): Promise<Tombstone | undefined> {
  let away = 0
  for (const node of nodes) {
    const result = await deleteAt(parts, node, path, undefined)
    if (result === undefined) away++
    else if (result.outcome === 'deleted') return { node, version: result.version }
  }
  if (away > 0) throw new ClusterError('NODES_AWAY', `${away} of ${nodes.length} nodes do not answer`)
  return undefined
}

/** Undefined when the node is away or fails. */
async function deleteAt(
  parts: CoordinatorParts,
  node: ServerNode,
  path: string,
  version: string | undefined,
): Promise<DeleteNodeResult | undefined> {
  try {
    return await askNode(parts.health, node, () => parts.nodes.delete(node, path, version))
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    parts.log.warn({ err: error, node: node.id }, 'a node did not take a delete')
    return undefined
  }
}

async function queueDeletes(
  parts: CoordinatorParts,
  options: {
    readonly shardId: string
    readonly path: string
    readonly version: string
    readonly from: readonly ServerNode[]
    readonly away: readonly ServerNode[]
  },
): Promise<void> {
  const { shardId, path, version, from, away } = options
  const tasks = away.map(({ id }): Task => {
    const others = from.filter((node) => !away.includes(node)).map((node) => node.id)
    return { op: 'delete', shard: shardId, path, version, from: others, to: id }
  })
  if (await parts.queue.push(tasks)) return
  throw new ClusterError('QUEUE_AWAY', 'No queue server takes tasks and not every node can be reached', {
    version,
  })
}
