// What a store says in its digest and in the listing of a stretch of it (docs/formats/digest.md), as it is believed here.
import { z } from 'zod'

export const slotsPerHour = 16
const bucketPattern = /^\d{1,8}-(?:\d|1[0-5])$/
/** Names have 1,024 bytes at most, in JSON six times as many. */
export const lineBytesMax = 8 * 1024

/** A bucket as one number that sorts by hour, then slot. */
export type BucketNumber = number

const sumSchema = z.object({
  count: z.int().min(0),
  sum: z.string().regex(/^[0-9a-f]{16}$/),
})

export const bucketLineSchema = z
  .object({ bucket: z.string().regex(bucketPattern), live: sumSchema, tombstones: sumSchema })
  .transform(({ bucket, live, tombstones }) => ({ bucket: parseBucket(bucket), live, tombstones }))

/** Counts and sums of one bucket at one node. */
export type BucketDigest = z.output<typeof bucketLineSchema>

export const entryLineSchema = z.object({
  name: z.string().min(1),
  version: z.string().regex(/^[0-9a-f]{16}$/),
  checksum: z.string().regex(/^[0-9a-f]{8}$/),
  tombstone: z.boolean(),
})

/** A needle at one node. */
export type ListedNeedle = z.output<typeof entryLineSchema>

/** `<hour since 1970>-<slot>` */
export function formatBucket(bucket: BucketNumber): string {
  return `${Math.floor(bucket / slotsPerHour)}-${bucket % slotsPerHour}`
}

function parseBucket(text: string): BucketNumber {
  const [hour, slot] = text.split('-')
  return Number(hour) * slotsPerHour + Number(slot)
}
