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
 * Undefined when no shard is left to try. Shards with enough nodes up come first; when there is none of those, what this
 * process believes of the nodes may be out of date. Throws SHARD_UNKNOWN, SHARD_READ_ONLY, SHARD_FULL for a shard that was
 * asked for, COPIES_MISSING when no shard has as many nodes as copies are wanted.
 */
export function chooseShard(parts: CoordinatorParts, wish: ShardWish): Shard | undefined {
  const { watch, inFlight, queue, isUp, random } = parts
  const { shardId, copies, sizeBytes, tried } = wish
  if (shardId !== undefined) return tried.size > 0 ? undefined : wantedShard(parts, shardId, wish)
  const pick = (exclude: (shard: Shard) => boolean) =>
    pickShard(watch.snapshot, { inFlightBytes: inFlight.byShard, sizeBytes, random, exclude })
  const outOfQuestion = ({ id, nodes }: Shard) => tried.has(id) || nodes.length < copies
  const { away } = queue
  const tooFewUp = ({ nodes }: Shard) => {
    const up = nodes.reduce((count, node) => count + (isUp(node) ? 1 : 0), 0)
    return up < (away ? nodes.length : copies)
  }
  const picked = pick((shard) => outOfQuestion(shard) || tooFewUp(shard)) ?? pick(outOfQuestion)
  if (picked === undefined && tried.size === 0 && pick(() => false) !== undefined) throw tooManyCopies(copies)
  return picked
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
  return new ClusterError(
    'COPIES_MISSING',
    `No shard that could be used has ${copies} nodes; 0 copies were made`,
    {
      copies: 0,
    },
  )
}
