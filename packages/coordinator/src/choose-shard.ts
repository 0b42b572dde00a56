// The shard for an upload, given what is known of the nodes and the queue at this moment.
import { ClusterError, type Shard } from '@backpack/cluster-model'
import { accessDenied } from './access/check-access.js'
import { type ChoiceExplanation, explainChoice } from './explain-choice.js'
import { measurementsOf } from './measure/measurements-of.js'
import type { Measurements } from './measure/measurements.js'
import { nothingFits } from './nothing-fits.js'
import type { CoordinatorParts } from './parts.js'
import { drawShard, isRated, type RatedShard, scoreShards, type ShardScore } from './pick-shard.js'
import type { Exclusion } from './shard-exclusion.js'

export interface ShardWish {
  readonly shardId: string | undefined
  readonly copies: number
  readonly sizeBytes: number
  /** Shards that failed this upload already. */
  readonly tried: ReadonlySet<string>
  /** Shards that its user may write; default: all. */
  readonly mayUse?: ((shard: Shard) => boolean) | undefined
  /** Is told how the choice came about, also when it ends in an error. */
  readonly onChoice?: ((explanation: ChoiceExplanation) => void) | undefined
}

/** Shards that are drawn from together: the first kind that there is. */
export type Among = 'wanted' | 'whole' | 'enough' | 'any' | 'none'

export interface Choice {
  readonly among: Among
  readonly scores: readonly ShardScore[]
  readonly candidates: readonly RatedShard[]
  readonly measurements: Measurements
}

/**
 * Undefined when no shard is left to try. Shards with all nodes up come first, then those with enough; when there is none of
 * those, what this process believes of the nodes may be out of date. Throws SHARD_UNKNOWN, SHARD_READ_ONLY, SHARD_FULL for a shard that was
 * asked for, COPIES_MISSING when no shard has as many nodes as copies are wanted, QUEUE_AWAY when there is no queue
 * and no shard with all its nodes up, and when nothing fits NOTHING_FITS, OUT_OF_SPACE or ACCESS_DENIED
 * (details.reasons: a sentence per shard).
 */
export function chooseShard(parts: CoordinatorParts, wish: ShardWish): Shard | undefined {
  const { shardId, tried, sizeBytes } = wish
  if (shardId !== undefined && tried.size > 0) return undefined
  const choice = shardId === undefined ? weighShards(parts, wish) : wantedShard(parts, shardId, wish)
  const pick = drawShard(choice.candidates, parts.random)
  wish.onChoice?.(explainChoice(choice, { sizeBytes, pick: pick?.id }))
  if (pick !== undefined && !(choice.among === 'any' && parts.queue.away)) return pick
  if (tried.size > 0) return undefined
  if (shardId !== undefined) throw wantedRefused(shardId, choice.scores[0], wish)
  if (pick !== undefined) throw queueAway()
  const exclusions = choice.scores.flatMap((score) => (isRated(score) ? [] : score))
  if (exclusions.some(({ excluded }) => excluded.code === 'too-few-nodes')) throw tooManyCopies(wish.copies)
  throw nothingFits(exclusions)
}

/** All shards with their scores, and those of them that the upload is drawn from. Nothing is drawn here. */
export function weighShards(
  parts: CoordinatorParts,
  wish: Pick<ShardWish, 'copies' | 'sizeBytes' | 'tried' | 'mayUse'>,
): Choice {
  const { watch, queue, isUp } = parts
  const { copies, sizeBytes, tried, mayUse } = wish
  const measurements = measurementsOf(parts)
  const scores = scoreShards(watch.snapshot, measurements, sizeBytes).map((score): ShardScore => {
    const { shard } = score
    // First of all: somebody who may not write there learns nothing else about the shard.
    if (mayUse?.(shard) === false)
      return excluded(shard, 'not-allowed', 'its ACL does not let this user write')
    if (tried.has(shard.id)) return excluded(shard, 'failed-before', 'it did not take this upload before')
    if (!isRated(score) || shard.nodes.length >= copies) return score
    return excluded(shard, 'too-few-nodes', `it has ${shard.nodes.length} nodes, for ${copies} copies`)
  })
  const rated = scores.filter(isRated)
  const withUp = (needed: (shard: Shard) => number) =>
    rated.filter(({ shard }) => shard.nodes.filter(isUp).length >= needed(shard))
  // A whole shard can make every copy at once; one with a node down keeps single copies until that one is back.
  const whole = withUp(({ nodes }) => nodes.length)
  if (whole.length > 0) return { among: 'whole', scores, candidates: whole, measurements }
  const enough = queue.away ? [] : withUp(() => copies)
  if (enough.length > 0) return { among: 'enough', scores, candidates: enough, measurements }
  return { among: rated.length > 0 ? 'any' : 'none', scores, candidates: rated, measurements }
}

function excluded(shard: Shard, code: Exclusion['code'], reason: string): ShardScore {
  return { shard, excluded: { code, reason } }
}

/** Before a body is received: throws ACCESS_DENIED when there are shards, and none in question that its user may write. */
export function checkMayWrite(
  { watch }: CoordinatorParts,
  { shardId, mayUse }: Pick<ShardWish, 'shardId' | 'mayUse'>,
): void {
  if (mayUse === undefined) return
  const { shards } = watch.snapshot
  const inQuestion = shardId === undefined ? [...shards.values()] : [shards.get(shardId) ?? []].flat()
  if (inQuestion.length > 0 && !inQuestion.some(mayUse)) throw accessDenied()
}

function wantedShard(parts: CoordinatorParts, id: string, { sizeBytes, copies, mayUse }: ShardWish): Choice {
  const { snapshot } = parts.watch
  const shard = snapshot.shards.get(id)
  if (shard === undefined) throw new ClusterError('SHARD_UNKNOWN', `There is no shard ${JSON.stringify(id)}`)
  // The ACL may be another one than when the upload began.
  if (mayUse?.(shard) === false) throw accessDenied()
  const measurements = measurementsOf(parts)
  const scores = scoreShards({ ...snapshot, shards: new Map([[id, shard]]) }, measurements, sizeBytes)
  const candidates = scores.filter(isRated).filter(() => shard.nodes.length >= copies)
  return { among: 'wanted', scores, candidates, measurements }
}

function wantedRefused(id: string, score: ShardScore | undefined, { copies }: ShardWish): ClusterError {
  if (score === undefined || isRated(score) || score.excluded.code === 'no-nodes')
    return tooManyCopies(copies)
  const { code, reason } = score.excluded
  if (code === 'read-only') return new ClusterError('SHARD_READ_ONLY', `Shard ${id} is read-only`)
  return new ClusterError('SHARD_FULL', `Shard ${id} has no room for this upload: ${reason}`)
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
