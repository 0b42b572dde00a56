// Finds the buckets in which the nodes of a shard differ. The first node's digest is kept (384 bytes per hour that has
// blobs), those of the others pass by, one after the other: nobody waits for a node that takes long. Pure.
import { type BucketDigest, type BucketNumber, slotsPerHour } from './digest-lines.js'

/** Live count, high and low sum, then the same of tombstones. */
const fieldsPerSlot = 6

export interface ComparedBucket {
  readonly bucket: BucketNumber
  /** The most that any node has in it, tombstones included. */
  readonly names: number
  readonly differs: boolean
}

export class DigestComparison {
  /** Of the first node, by hour. */
  readonly #hours = new Map<number, Uint32Array>()
  readonly #differing = new Map<BucketNumber, number>()
  /** Of the node that passes by: a bit per slot of each hour of the first node. */
  readonly #seen = new Map<number, number>()

  /** A bucket of the first node. */
  keep(digest: BucketDigest): void {
    const fields = fieldsOf(digest)
    const { hour, slot } = placeOf(digest.bucket)
    let slots = this.#hours.get(hour)
    if (slots === undefined) {
      slots = new Uint32Array(slotsPerHour * fieldsPerSlot)
      this.#hours.set(hour, slots)
    }
    slots.set(fields, slot * fieldsPerSlot)
  }

  /** Another node's buckets follow. */
  begin(): void {
    this.#seen.clear()
  }

  compare(digest: BucketDigest): void {
    const { hour, slot } = placeOf(digest.bucket)
    this.#seen.set(hour, (this.#seen.get(hour) ?? 0) | (1 << slot))
    const kept = this.#hours.get(hour)?.subarray(slot * fieldsPerSlot, (slot + 1) * fieldsPerSlot)
    const fields = fieldsOf(digest)
    if (kept !== undefined && fields.every((field, at) => field === kept[at])) return
    this.#note(digest.bucket, digest.live.count + digest.tombstones.count)
  }

  /** Every bucket of that node was there: what it did not have is missing. */
  end(): void {
    for (const [hour, slots] of this.#hours) {
      const seen = this.#seen.get(hour) ?? 0
      for (let slot = 0; slot < slotsPerHour; slot++) {
        if (namesIn(slots, slot) > 0 && (seen & (1 << slot)) === 0) this.#note(hour * slotsPerHour + slot, 0)
      }
    }
  }

  /** All that some node has, by hour and slot. */
  *buckets(): Generator<ComparedBucket, void, undefined> {
    const hours = new Set(this.#hours.keys())
    for (const bucket of this.#differing.keys()) hours.add(placeOf(bucket).hour)
    for (const hour of Float64Array.from(hours).sort()) {
      for (let slot = 0; slot < slotsPerHour; slot++) {
        const bucket = hour * slotsPerHour + slot
        const differing = this.#differing.get(bucket)
        const names = differing ?? this.#keptNames(bucket)
        if (names > 0) yield { bucket, names, differs: differing !== undefined }
      }
    }
  }

  #note(bucket: BucketNumber, names: number): void {
    const most = Math.max(names, this.#differing.get(bucket) ?? 0, this.#keptNames(bucket))
    this.#differing.set(bucket, most)
  }

  #keptNames(bucket: BucketNumber): number {
    const { hour, slot } = placeOf(bucket)
    const slots = this.#hours.get(hour)
    return slots === undefined ? 0 : namesIn(slots, slot)
  }
}

function placeOf(bucket: BucketNumber): { hour: number; slot: number } {
  return { hour: Math.floor(bucket / slotsPerHour), slot: bucket % slotsPerHour }
}

function namesIn(slots: Uint32Array, slot: number): number {
  const at = slot * fieldsPerSlot
  return (slots[at] as number) + (slots[at + 3] as number)
}

function fieldsOf({ live, tombstones }: BucketDigest): number[] {
  return [live, tombstones].flatMap(({ count, sum }) => [
    count >>> 0,
    Number.parseInt(sum.slice(0, 8), 16),
    Number.parseInt(sum.slice(8), 16),
  ])
}
