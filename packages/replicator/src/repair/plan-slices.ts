// What is listed at once: as many buckets beside each other, or such a part of a very large one, as have at most so many
// names. So a listing costs each node little memory and this process little more, however much differs. Pure.
import type { ComparedBucket } from './compare-digests.js'
import type { BucketNumber } from './digest-lines.js'

export interface Slice {
  /** First and last bucket, both included. Those that do not differ are listed with the others. */
  readonly from: BucketNumber
  readonly to: BucketNumber
  readonly part: number
  readonly parts: number
}

/** Stores list a bucket in no more parts. */
const partsMax = 65_536

/** By hour and slot; slices of all buckets that differ and as few others as may be. */
export function* planSlices(
  buckets: Iterable<ComparedBucket>,
  namesMax: number,
): Generator<Slice, void, undefined> {
  let open: { from: BucketNumber; to: BucketNumber; names: number } | undefined
  let between = 0
  for (const { bucket, names, differs } of buckets) {
    if (!differs) {
      between += names
      continue
    }
    if (open !== undefined && open.names + between + names <= namesMax) {
      open = { from: open.from, to: bucket, names: open.names + between + names }
    } else {
      if (open !== undefined) yield* slicesOf(open, namesMax)
      open = { from: bucket, to: bucket, names }
    }
    between = 0
  }
  if (open !== undefined) yield* slicesOf(open, namesMax)
}

function* slicesOf(
  { from, to, names }: { from: BucketNumber; to: BucketNumber; names: number },
  namesMax: number,
): Generator<Slice, void, undefined> {
  const parts = Math.min(partsMax, Math.ceil(names / namesMax))
  for (let part = 0; part < parts; part++) yield { from, to, part, parts }
}
