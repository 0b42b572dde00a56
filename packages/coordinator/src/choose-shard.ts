// The shard for an upload, given what is known of the nodes and the queue at this moment.
import { ClusterError, type Shard } from '@backpack/cluster-model'
import type { CoordinatorParts } from './parts.js'
import { hasRoom, pickShard } from './pick-shard.js'

export interface ShardWish {
  readonly shardId: string | undefined
  readonly copies: number
  readonly sizeBytes: number
  /** Shards that failed this upload already. */
  readonly tried: ReadonlySet<string>
}

/**
 * Undefined when no shard is left to try. Shards with all nodes up come first, then those with enough; when there is none of
 * those, what this process believes of the nodes may be out of date. Throws SHARD_UNKNOWN, SHARD_READ_ONLY, SHARD_FULL for a shard that was
 * asked for, COPIES_MISSING when no shard has as many nodes as copies are wanted, and QUEUE_AWAY when there is no queue
 * and no shard with all its nodes up.
 */
export function chooseShard(parts: CoordinatorParts, wish: ShardWish): Shard | undefined {
  const { watch, inFlight, queue, isUp, random } = parts
  const { shardId, copies, sizeBytes, tried } = wish
  if (shardId !== undefined) return tried.size > 0 ? undefined : wantedShard(parts, shardId, wish)
  const pick = (exclude: (shard: Shard) => boolean) =>
    pickShard(watch.snapshot, { inFlightBytes: inFlight.byShard, sizeBytes, random, exclude })
  const outOfQuestion = ({ id, nodes }: Shard) => tried.has(id) || nodes.length < copies
  const { away } = queue
  const fewerUpThan = ({ nodes }: Shard, needed: number) =>
    nodes.reduce((count, node) => count + (isUp(node) ? 1 : 0), 0) < needed
  // A whole shard can make every copy at once; one with a node down keeps single copies until that one is back.
  const best = pick((shard) => outOfQuestion(shard) || fewerUpThan(shard, shard.nodes.length))
  if (best !== undefined) return best
  const enough = away ? undefined : pick((shard) => outOfQuestion(shard) || fewerUpThan(shard, copies))
  if (enough !== undefined) return enough
  const possible = pick(outOfQuestion)
  if (tried.size > 0) return away ? undefined : possible
  if (possible !== undefined && away) throw queueAway()
  if (possible === undefined && pick(() => false) !== undefined) throw tooManyCopies(copies)
  return possible
}

function wantedShard(
  { watch, inFlight }: CoordinatorParts,
  id: string,
  { copies, sizeBytes }: ShardWish,
): Shard {
  const shard = watch.snapshot.shards.get(id)
  if (shard === undefined) throw new ClusterError('SHARD_UNKNOWN', `There is no shard ${JSON.stringify(id)}`)
  if (shard.readOnly) throw new ClusterError('SHARD_READ_ONLY', `Shard ${id} is read-only`)
  if (shard.nodes.length < copies) throw tooManyCopies(copies)
  if (!hasRoom(shard, shard.currentBytes + (inFlight.byShard.get(id) ?? 0), sizeBytes)) {
    throw new ClusterError('SHARD_FULL', `Shard ${id} has no room for ${sizeBytes} bytes`)
  }
  return shard
}

function tooManyCopies(copies: number): ClusterError {
  const message = `No shard that could be used has ${copies} nodes; 0 copies were made`
  return new ClusterError('COPIES_MISSING', message, { copies: 0 })
}

/** Where not all copies can be made at once, and nobody would make them later, nothing is stored at all. */
function queueAway(): ClusterError {
  const message = 'No queue server takes tasks, and no shard has all its nodes up'
  return new ClusterError('QUEUE_AWAY', message, { copies: 0 })
}
