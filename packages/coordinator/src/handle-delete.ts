// A delete goes to every node of the shard at once; those that are away get it from the queue.
import {
  ClusterError,
  type DeleteNodeResult,
  type HeadResult,
  pathOfName,
  type ServerNode,
  type Task,
} from '@backpack/cluster-model'
import { askNode } from './ask-node.js'
import { checkName, type BlobAddress } from './blob-address.js'
import { codeOf } from './error-codes.js'
import { mintVersion } from './mint-version.js'
import type { CoordinatorParts } from './parts.js'
import { shardToRead } from './shard-to-read.js'

export type DeleteReceipt =
  | { readonly outcome: 'deleted' /** Sixteen hex digits: the tombstone's. */; readonly version: string }
  | { readonly outcome: 'missing' }

/** Where a node has a newer blob than the tombstone, all get a newer tombstone; so often at most. */
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
  const { nodes } = shard
  const present = await findPresent(parts, nodes, path)
  if (present === undefined) return { outcome: 'missing' }
  // Where a node was not heard it may have a blob that came after that.
  if (present.deleted && present.everybodyAnswered) return { outcome: 'deleted', version: present.version }
  let newest = present.version
  for (let round = 0; round < roundsMax; round++) {
    const version = mintVersion(newest)
    const asked = nodesToAsk(parts, nodes)
    const results = await Promise.all(asked.map((node) => deleteAt(parts, node, path, version)))
    const reached = asked.filter((_, at) => results[at] !== undefined)
    if (reached.length === 0) break
    const away = nodes.filter((node) => !reached.includes(node))
    // An overwrite meanwhile, or one by a clock that is ahead: the delete came after it all the same.
    const newer = results.flatMap((result) =>
      result?.outcome === 'older' ? [result.version ?? version] : [],
    )
    if (newer.length > 0) {
      newest = newer.sort().at(-1) ?? newest
      continue
    }
    if (away.length > 0) await queueDeletes(parts, { shardId, path, version, from: nodes, away })
    return { outcome: 'deleted', version }
  }
  throw new ClusterError('NODES_AWAY', `The nodes of shard ${shardId} do not all take the delete: try again`)
}

interface Present {
  readonly version: string
  readonly deleted: boolean
  readonly everybodyAnswered: boolean
}

/** Of a tombstone whose version a node does not tell: every other one is newer. */
const oldestVersion = '0'.repeat(16)

/**
 * The newest that any node has, a live blob before tombstones; undefined when every node says that there never was one.
 * Throws NODES_AWAY when none of those that answer has anything, but not all answer.
 */
async function findPresent(
  parts: CoordinatorParts,
  nodes: readonly ServerNode[],
  path: string,
): Promise<Present | undefined> {
  const asked = nodesToAsk(parts, nodes)
  const answers = (await Promise.all(asked.map((node) => headAt(parts, node, path)))).filter(
    (answer) => answer !== undefined,
  )
  const live = answers.flatMap((answer) => (answer.outcome === 'found' ? [answer.blob.version] : []))
  const dead = answers.flatMap((answer) =>
    answer.outcome === 'deleted' ? [answer.version ?? oldestVersion] : [],
  )
  const [newestLive] = live.sort().slice(-1)
  const [newestDead] = dead.sort().slice(-1)
  const away = nodes.length - answers.length
  const everybodyAnswered = away === 0
  if (newestLive !== undefined) return { version: newestLive, deleted: false, everybodyAnswered }
  if (newestDead !== undefined) return { version: newestDead, deleted: true, everybodyAnswered }
  if (!everybodyAnswered) throw nodesAway(away, nodes.length)
  return undefined
}

/**
 * Those that are up: each of the others would hold the delete up until a deadline, for every name again. All when none is:
 * what is believed of them may be out of date.
 */
function nodesToAsk({ isUp }: CoordinatorParts, nodes: readonly ServerNode[]): readonly ServerNode[] {
  const up = nodes.filter(isUp)
  return up.length > 0 ? up : nodes
}

function nodesAway(away: number, all: number): ClusterError {
  return new ClusterError('NODES_AWAY', `${away} of ${all} nodes do not answer`)
}

/** Undefined when the node is away or fails. */
async function headAt(
  parts: CoordinatorParts,
  node: ServerNode,
  path: string,
): Promise<HeadResult | undefined> {
  try {
    return await askNode(parts.health, node, () => parts.nodes.head(node, path))
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return undefined
  }
}

/** Undefined when the node is away or fails. */
async function deleteAt(
  parts: CoordinatorParts,
  node: ServerNode,
  path: string,
  version: string,
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
