// Which shard takes an upload: by chance, weighted by how much of each shard is free.
import type { ClusterSnapshot, Shard } from '@backpack/cluster-model'

export interface PickOptions {
  /** Bytes on their way to a shard, by its id: not yet in the size that the model has. */
  readonly inFlightBytes: ReadonlyMap<string, number>
  /** Of the upload; a shard without that much room is not picked. */
  readonly sizeBytes: number
  /** 0 up to and without 1. */
  readonly random: () => number
  /** Shards that are out of the question for this upload. */
  readonly exclude?: (shard: Shard) => boolean
}

/** Undefined when no shard is writable, has nodes and has room. */
export function pickShard(snapshot: ClusterSnapshot, options: PickOptions): Shard | undefined {
  const { inFlightBytes, sizeBytes, random, exclude } = options
  const candidates: { shard: Shard; weight: number }[] = []
  let total = 0
  for (const shard of snapshot.shards.values()) {
    if (shard.readOnly || shard.nodes.length === 0 || exclude?.(shard) === true) continue
    const takenBytes = shard.currentBytes + (inFlightBytes.get(shard.id) ?? 0)
    if (!hasRoom(shard, takenBytes, sizeBytes)) continue
    const weight = freeRatio(shard, takenBytes)
    candidates.push({ shard, weight })
    total += weight
  }
  let left = random() * total
  for (const { shard, weight } of candidates) {
    left -= weight
    if (left < 0) return shard
  }
  // Rounding can leave a rest behind the last one.
  return candidates.at(-1)?.shard
}

/** A shard whose size nobody has published has none. */
export function hasRoom({ capacityBytes = 0 }: Shard, takenBytes: number, sizeBytes: number): boolean {
  return takenBytes + sizeBytes <= capacityBytes
}

/** The one formula of the choice is a product of factors; this is the first of them. */
function freeRatio({ capacityBytes = 0 }: Shard, takenBytes: number): number {
  return Math.max(0, 1 - takenBytes / capacityBytes)
}
