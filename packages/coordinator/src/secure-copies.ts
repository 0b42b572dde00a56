// The copies of a blob that one node has: those that are waited for, and tasks for the rest. Without a queue all of them
// are made here: never is there a single copy that nobody knows to be single.
import { ClusterError, type ServerNode, type Shard, type Task } from '@backpack/cluster-model'
import { copyDirectly } from './direct-copies.js'
import type { CoordinatorParts } from './parts.js'
import type { FirstCopy, UploadedBlob } from './upload-blob.js'

export interface SecureOptions {
  readonly shard: Shard
  readonly blob: UploadedBlob
  readonly first: FirstCopy
  /** Copies to wait for, the first included. */
  readonly copies: number
}

/**
 * Gives the nodes that have a copy now. Throws COPIES_MISSING when fewer could be made than are to be waited for (the rest
 * is queued all the same), and QUEUE_AWAY when no queue server took the tasks and a node could not be reached directly;
 * details.copies says how many there are.
 */
export async function secureCopies(parts: CoordinatorParts, options: SecureOptions): Promise<ServerNode[]> {
  const { shard, blob, first, copies } = options
  const made: ServerNode[] = [first.node]
  if (copies > 1)
    made.push(...(await copyDirectly(parts, { blob, first, nodes: first.others, wanted: copies - 1 })))
  const rest = first.others.filter((node) => !made.includes(node))
  if (rest.length > 0) {
    const from = made.map(({ id }) => id)
    const tasks = rest.map(({ id }): Task => {
      return { op: 'copy', shard: shard.id, path: blob.path, version: first.version, from, to: id }
    })
    if (!(await parts.queue.push(tasks))) {
      made.push(...(await copyDirectly(parts, { blob, first, nodes: rest, wanted: rest.length })))
      if (made.length <= first.others.length) throw neitherQueuedNorCopied(made.length)
    }
  }
  if (made.length < copies) {
    throw new ClusterError(
      'COPIES_MISSING',
      `${copies} copies were asked for, ${made.length} could be made`,
      {
        copies: made.length,
        shard: shard.id,
        version: first.version,
      },
    )
  }
  return made
}

function neitherQueuedNorCopied(copies: number): ClusterError {
  return new ClusterError(
    'QUEUE_AWAY',
    `No queue server takes tasks and not every node can be reached: ${copies} copies were made`,
    { copies },
  )
}
