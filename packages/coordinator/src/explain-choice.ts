// How a choice came about, as `X-Backpack-Explain` and `GET /-/explain` show it. Plain JSON.
import type { ServerNode } from '@backpack/cluster-model'
import type { Choice, Among } from './choose-shard.js'
import type { FreeSpaceLimits, Measurements } from './measure/measurements.js'
import { inQuestion, isRated, type RatedShard, type ShardFactors, type ShardScore } from './pick-shard.js'
import type { ExclusionCode } from './shard-exclusion.js'

export interface ChoiceExplanation {
  readonly sizeBytes: number
  /** Where the upload goes; null when nothing was drawn. */
  readonly pick: string | null
  /** Which shards were drawn from: those with all nodes up, those with enough of them, or any. */
  readonly among: Among
  readonly freeSpaceLimits: FreeSpaceLimits
  /** What a node is taken to need that nobody uploads to, in microseconds per byte. */
  readonly usualUsPerByte: number
  readonly shards: readonly ShardExplanation[]
}

export interface ShardExplanation {
  readonly shard: string
  /** Of being drawn, 0 to 1. */
  readonly probability: number
  readonly excluded?: ExclusionCode
  /** Why it is excluded, as a sentence. */
  readonly reason?: string
  readonly pain?: number
  readonly weight?: number
  readonly softlyFull?: boolean
  readonly factors?: ShardFactors
  readonly nodes: readonly NodeExplanation[]
}

export interface NodeExplanation {
  readonly node: string
  readonly up: boolean
  readonly usPerByte: number | null
  readonly confidence: number
  readonly usedBytes: number | null
  readonly availableBytes: number | null
  readonly blobs: number | null
}

export function explainChoice(
  { among, scores, candidates, measurements }: Choice,
  { sizeBytes, pick }: { sizeBytes: number; pick?: string | undefined },
): ChoiceExplanation {
  const drawn = inQuestion(candidates)
  const total = drawn.reduce((sum, { weight }) => sum + weight, 0)
  const partOf = (score: RatedShard) => (drawn.includes(score) ? score.weight / total : 0)
  return {
    sizeBytes,
    pick: pick ?? null,
    among,
    freeSpaceLimits: measurements.freeSpaceLimits,
    usualUsPerByte: measurements.usualUsPerByte,
    // A shard that its user may not write to is none of his business.
    shards: scores
      .filter(isConcern)
      .map((score) => explainShard(score, measurements, isRated(score) ? partOf(score) : 0)),
  }
}

function isConcern(score: ShardScore): boolean {
  return isRated(score) || score.excluded.code !== 'not-allowed'
}

function explainShard(score: ShardScore, measurements: Measurements, probability: number): ShardExplanation {
  const { shard } = score
  const nodes = shard.nodes.map((node) => explainNode(node, measurements))
  if (!isRated(score)) {
    const { code, reason } = score.excluded
    return { shard: shard.id, probability, excluded: code, reason, nodes }
  }
  const { pain, weight, softlyFull, factors } = score
  return { shard: shard.id, probability, pain, weight, softlyFull, factors, nodes }
}

function explainNode({ id }: ServerNode, measurements: Measurements): NodeExplanation {
  const { up, write, figures } = measurements.node(id)
  return {
    node: id,
    up,
    usPerByte: write?.usPerByte ?? null,
    confidence: write?.confidence ?? 0,
    usedBytes: figures?.usedBytes ?? null,
    availableBytes: figures?.availableBytes ?? null,
    blobs: figures?.blobs ?? null,
  }
}
