// Which shard takes an upload: by chance, the less the more it would hurt. The formula is Backrunner's, with bounds;
// docs/coordinator.md explains it term by term, decision 16 says why it is so.
import type { ClusterSnapshot, ServerNode, Shard } from '@backpack/cluster-model'
import { countedBytesMin } from './measure/write-measurements.js'
import type { Measurements, NodeMeasurement } from './measure/measurements.js'
import { type Exclusion, exclusionOf, takenBytesOf } from './shard-exclusion.js'

/** What a node of an empty shard costs. Pain has the unit of time: as much as 5 ms of writing. */
const emptyPainUs = 5_000
/** A shard that is full to the last byte has a pain, too. */
const freeMin = 1e-6
/** A node that does not answer, or says nothing of itself: worse than any disk, and the shard is still better than none. */
const awayPainUs = 1e9
const unknownPainUs = 1e8
/** Of a blob that one node has and another lacks. */
const lackingPainUs = 1_000
/**
 * Copies are made after the answer, nodes are not asked at the same moment, and by each coordinator at another: a
 * difference of so many blobs, or of so great a part of the larger node, is no imbalance.
 */
const lackingBlobsMin = 100
const lackingRatioMin = 0.01
/**
 * A replica that lags, or is repaired, lacks millions of blobs. Unbounded, the term would give its shard no upload until
 * the repair is over, and all uploads to the others. As much as one empty node more: of the uploads to two whole nodes a
 * third at most is moved away.
 */
const lackingPainUsMax = emptyPainUs

export interface ShardFactors {
  /** Of the capacity, what is on its way counted as stored; 0 to 1. */
  readonly free: number
  /** The parts that pain is the sum of. */
  readonly spacePain: number
  readonly writePain: number
  readonly awayPain: number
  readonly unknownPain: number
  readonly imbalancePain: number
}

export interface RatedShard {
  readonly shard: Shard
  /** Microseconds, more or less: the sum of the factors' pains. Above 0. */
  readonly pain: number
  /** 1 / pain: its part of uploads among those it is drawn with. */
  readonly weight: number
  /** Less than the soft limit would stay free. */
  readonly softlyFull: boolean
  readonly factors: ShardFactors
}

export interface ExcludedShard {
  readonly shard: Shard
  readonly excluded: Exclusion
}

export type ShardScore = RatedShard | ExcludedShard

export function isRated(score: ShardScore): score is RatedShard {
  return 'weight' in score
}

/** Every shard of the model with what speaks for and against it as the place of a new blob of `sizeBytes`. Pure. */
export function scoreShards(
  snapshot: ClusterSnapshot,
  measurements: Measurements,
  sizeBytes: number,
): ShardScore[] {
  return Array.from(snapshot.shards.values(), (shard): ShardScore => {
    const excluded = exclusionOf(shard, measurements, sizeBytes)
    return excluded === undefined ? rate(shard, measurements, sizeBytes) : { shard, excluded }
  })
}

/** Undefined when every shard is excluded. Pure but for `measurements.random`. */
export function pickShard(
  snapshot: ClusterSnapshot,
  measurements: Measurements,
  sizeBytes: number,
): Shard | undefined {
  return drawShard(scoreShards(snapshot, measurements, sizeBytes), measurements.random)
}

/** One of those in question, by its weight. */
export function drawShard(scores: readonly ShardScore[], random: () => number): Shard | undefined {
  const candidates = inQuestion(scores)
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0)
  let left = random() * total
  for (const { shard, weight } of candidates) {
    left -= weight
    if (left < 0) return shard
  }
  // Rounding can leave a rest behind the last one.
  return candidates.at(-1)?.shard
}

/** Those that are drawn from: the ones above the soft limit or, when there is none, the others. */
export function inQuestion(scores: readonly ShardScore[]): RatedShard[] {
  const rated = scores.filter(isRated)
  const roomy = rated.filter(({ softlyFull }) => !softlyFull)
  return roomy.length > 0 ? roomy : rated
}

function rate(shard: Shard, measurements: Measurements, sizeBytes: number): RatedShard {
  const { capacityBytes = 0, nodes } = shard
  const takenBytes = takenBytesOf(shard, measurements)
  const free = Math.max(0, 1 - takenBytes / capacityBytes)
  const measured = nodes.map(({ id }: ServerNode) => measurements.node(id))
  const countedBytes = Math.max(sizeBytes, countedBytesMin)
  const factors: ShardFactors = {
    free,
    spacePain: (nodes.length * emptyPainUs) / Math.max(free, freeMin),
    writePain: sumOf(measured, (node) => writePainOf(node, measurements, countedBytes)),
    awayPain: sumOf(measured, ({ up }) => (up ? 0 : awayPainUs)),
    unknownPain: sumOf(measured, ({ figures }) => (figures === undefined ? unknownPainUs : 0)),
    imbalancePain: imbalancePainOf(measured),
  }
  const { spacePain, writePain, awayPain, unknownPain, imbalancePain } = factors
  const pain = spacePain + writePain + awayPain + unknownPain + imbalancePain
  const softlyFull = 1 - (takenBytes + sizeBytes) / capacityBytes < measurements.freeSpaceLimits.soft
  return { shard, pain, weight: 1 / pain, softlyFull, factors }
}

/**
 * How long the upload will take, times how much longer that is than usual: ten times as slow is a hundred times as bad. The
 * time alone would leave a slow node a part of uploads that everybody feels who gets it. Faster than an empty
 * disk's pain is as good as usual: differences that small are noise.
 */
function writePainOf(node: NodeMeasurement, measurements: Measurements, countedBytes: number): number {
  const expectedUs = usPerByteOf(node, measurements) * countedBytes
  const usualUs = Math.max(measurements.usualUsPerByte * countedBytes, emptyPainUs)
  return expectedUs * Math.max(1, expectedUs / usualUs)
}

/** What was measured, as far as it is still to be believed; for the rest the node is taken for a usual one. */
function usPerByteOf({ write }: NodeMeasurement, { usualUsPerByte }: Measurements): number {
  if (write === undefined) return usualUsPerByte
  return usualUsPerByte + (write.usPerByte - usualUsPerByte) * write.confidence
}

function imbalancePainOf(nodes: readonly NodeMeasurement[]): number {
  const counts = nodes.flatMap(({ figures }) => figures?.blobs ?? [])
  if (counts.length < 2) return 0
  const largest = Math.max(...counts)
  const usual = Math.max(lackingBlobsMin, largest * lackingRatioMin)
  const lacking = largest - Math.min(...counts) - usual
  return Math.min(Math.max(0, lacking) * lackingPainUs, lackingPainUsMax)
}

function sumOf(nodes: readonly NodeMeasurement[], painOf: (node: NodeMeasurement) => number): number {
  return nodes.reduce((sum, node) => sum + painOf(node), 0)
}
