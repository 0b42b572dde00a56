// Counts and sums of needles per bucket. A needle's part in the sum is a 64-bit hash of version, checksum and name;
// adding them up does not depend on the order in which a store wrote its needles.
//
// HalfSipHash, since two CRCs would say no more than one (they are linear: the second follows from the first and the
// length), and SHA-1 through the crypto module takes ten times as long. Its key is fixed and public: stores must agree.
import type { IndexCursor } from '../index/index-format.js'
import { NameHash } from '../key-map/name-hash.js'
import { nameBytesMax } from '../needle/blob-name.js'
import { formatBucket, slotsPerHour, toBucket } from './bucket.js'

/** Of one bucket, live needles or tombstones. */
export interface DigestSum {
  readonly count: number
  /** Sixteen hex digits; of equal needles equal on every store. */
  readonly sum: string
}

export interface DigestBucket {
  /** `<hour since 1970>-<slot>`. */
  readonly bucket: string
  readonly live: DigestSum
  readonly tombstones: DigestSum
}

const sumKey = Buffer.from('BPDIGEST', 'latin1')
const versionAt = 0
const checksumAt = 8
const nameAt = 12
/** Per slot: live count, high and low sum, then the same of tombstones. */
const fieldsPerSum = 3
const fieldsPerSlot = 2 * fieldsPerSum
const noSum: DigestSum = { count: 0, sum: '0'.repeat(16) }

export class DigestSums {
  /** By hour; 384 bytes each, of at most half a million hours since 1970. */
  readonly #hours = new Map<number, Uint32Array>()
  readonly #hash = new NameHash(sumKey)
  readonly #hashed = Buffer.alloc(nameAt + nameBytesMax)

  /** Adds the needle under the cursor. */
  add(cursor: IndexCursor, { hour, slot }: { hour: number; slot: number }): void {
    const { bytes, nameStart, nameEnd } = cursor
    const hashed = this.#hashed
    cursor.copyVersion(hashed, versionAt)
    hashed.writeUInt32LE(cursor.dataChecksum, checksumAt)
    bytes.copy(hashed, nameAt, nameStart, nameEnd)
    this.#hash.hash(hashed, 0, nameAt + nameEnd - nameStart)
    const fields = this.#fieldsOf(hour)
    const at = slot * fieldsPerSlot + (cursor.tombstone ? fieldsPerSum : 0)
    // Additions wrap at 32 bits: that is what a Uint32Array does with a number too large for it.
    fields[at] = (fields[at] as number) + 1
    fields[at + 1] = (fields[at + 1] as number) + this.#hash.high
    fields[at + 2] = (fields[at + 2] as number) + this.#hash.low
  }

  /** Every bucket that has a needle, by hour and slot. */
  *buckets(): Generator<DigestBucket, void, undefined> {
    const hours = Float64Array.from(this.#hours.keys()).sort()
    for (const hour of hours) {
      const fields = this.#fieldsOf(hour)
      for (let slot = 0; slot < slotsPerHour; slot++) {
        const at = slot * fieldsPerSlot
        const live = sumAt(fields, at)
        const tombstones = sumAt(fields, at + fieldsPerSum)
        if (live.count + tombstones.count === 0) continue
        yield { bucket: formatBucket(toBucket(hour, slot)), live, tombstones }
      }
    }
  }

  #fieldsOf(hour: number): Uint32Array {
    let fields = this.#hours.get(hour)
    if (fields === undefined) {
      fields = new Uint32Array(slotsPerHour * fieldsPerSlot)
      this.#hours.set(hour, fields)
    }
    return fields
  }
}

function sumAt(fields: Uint32Array, at: number): DigestSum {
  const [count = 0, high = 0, low = 0] = fields.subarray(at, at + fieldsPerSum)
  return count === 0 ? noSum : { count, sum: hex(high) + hex(low) }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
