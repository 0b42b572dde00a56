// Which bucket of the digest a needle belongs to: the hour of its version and one of 16 slots of its name. The same on
// every store, whatever its key map's own hash. Pure.
import { crc32 } from 'node:zlib'

export const slotsPerHour = 16
const hourMs = 3_600_000
const bucketPattern = /^(\d{1,8})-(\d{1,2})$/

/** A bucket as one number that sorts by hour, then slot. */
export type BucketNumber = number

/** The bits of a name that choose its slot and, above them, its part of a bucket. */
export function hashOfName(name: Uint8Array): number {
  return crc32(name)
}

export function slotOf(nameHash: number): number {
  return nameHash & (slotsPerHour - 1)
}

/** One of `parts` parts that a bucket of many names is listed in. */
export function partOf(nameHash: number, parts: number): number {
  return (nameHash >>> 4) % parts
}

/** Hours since 1970, of a time in milliseconds. */
export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / hourMs)
}

export function toBucket(hour: number, slot: number): BucketNumber {
  return hour * slotsPerHour + slot
}

/** `<hour>-<slot>`, both decimal. */
export function formatBucket(bucket: BucketNumber): string {
  return `${Math.floor(bucket / slotsPerHour)}-${bucket % slotsPerHour}`
}

/** The reverse of formatBucket; undefined when the text is no bucket. */
export function parseBucket(text: string): BucketNumber | undefined {
  const [, hour, slot] = bucketPattern.exec(text) ?? []
  if (hour === undefined || Number(slot) >= slotsPerHour) return undefined
  return toBucket(Number(hour), Number(slot))
}
