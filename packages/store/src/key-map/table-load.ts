// Fills the table from index logs. A first pass takes every fingerprint once; where one comes again (an overwrite, or
// rarely another name) a second pass collects the names and decides by rank.
import type { IndexCursor } from '../index/index-format.js'
import { compareRank, type NeedleRank } from '../needle/blob-version.js'
import type { LocationSource } from './key-map.js'
import type { NameHash } from './name-hash.js'
import {
  flagContested,
  isTombstone,
  segmentCount,
  segmentShift,
  slotOf,
  type TableSegments,
  toPlace,
  toWhere,
} from './table-segments.js'

/** Records that are gathered and then placed segment by segment: in any other order each would miss the CPU's caches. */
const gatheredMax = 2 ** 18
/** Names that are compared in one pass over the logs; a store of many overwrites takes several passes. */
const competingMax = 2 ** 20

export interface OverflowEntry {
  place: number
  where: number
}

interface Winner extends OverflowEntry {
  readonly rank: NeedleRank
}

export class TableLoad {
  readonly #hash: NameHash
  readonly #segments: TableSegments
  readonly #segmentOf = new Uint8Array(gatheredMax)
  /** Fingerprint, place and where of each record. */
  readonly #words = new Uint32Array(gatheredMax * 3)
  readonly #order = new Uint32Array(gatheredMax)
  #gathered = 0
  /** Per segment, the fingerprints that came more than once. */
  readonly #contested = Array.from({ length: segmentCount }, () => new Set<number>())
  /** Names whose fingerprint another name took. */
  readonly overflow = new Map<string, OverflowEntry>()
  /** Names found, overflow included. */
  names = 0
  /** Of those the deleted ones. */
  tombstones = 0

  constructor(hash: NameHash, segments: TableSegments) {
    this.#hash = hash
    this.#segments = segments
  }

  async run(source: LocationSource): Promise<void> {
    await source.forEach((cursor) => this.#gather(cursor))
    this.#place()
    for (let from = 0; from < segmentCount; ) {
      const to = this.#competingUntil(from)
      const winners = new Map<string, Winner>()
      if (this.#contested.slice(from, to).some((contested) => contested.size > 0)) {
        await source.forEach((cursor) => this.#compete(cursor, { from, to }, winners))
      }
      this.#placeWinners(winners)
      from = to
    }
  }

  /** The segments from `from` whose contested names are compared together: at least one segment. */
  #competingUntil(from: number): number {
    let to = from
    for (let names = 0; to < segmentCount; to++) {
      names += this.#contested[to]?.size ?? 0
      if (names > competingMax && to > from) break
    }
    return to
  }

  #gather(cursor: IndexCursor): void {
    const { nameStart } = cursor
    this.#hash.hash(cursor.bytes, nameStart, cursor.nameEnd)
    const at = this.#gathered++
    this.#segmentOf[at] = this.#hash.high >>> segmentShift
    this.#words[at * 3] = this.#hash.low
    this.#words[at * 3 + 1] = toPlace(cursor)
    this.#words[at * 3 + 2] = toWhere(cursor)
    if (this.#gathered === gatheredMax) this.#place()
  }

  /** Places what was gathered, in the order of segments and within each in the order in which it came. */
  #place(): void {
    const ends = new Uint32Array(segmentCount + 1)
    for (let at = 0; at < this.#gathered; at++) (ends[(this.#segmentOf[at] as number) + 1] as number)++
    for (let index = 0; index < segmentCount; index++) (ends[index + 1] as number) += ends[index] as number
    const next = ends.slice()
    for (let at = 0; at < this.#gathered; at++)
      this.#order[(next[this.#segmentOf[at] as number] as number)++] = at
    for (let index = 0; index < segmentCount; index++) {
      const start = ends[index] as number
      const end = ends[index + 1] as number
      if (end > start) this.#placeIn(index, this.#order.subarray(start, end))
    }
    this.#gathered = 0
  }

  #placeIn(index: number, records: Uint32Array): void {
    const segment = this.#segments.withRoom(index, records.length)
    const { words } = segment
    for (let number = 0; number < records.length; number++) {
      const record = records[number] as number
      const fingerprint = this.#words[record * 3] as number
      const at = slotOf(segment, fingerprint)
      if ((words[at + 2] as number) !== 0) {
        this.#contested[index]?.add(fingerprint)
        continue
      }
      words[at] = fingerprint
      words[at + 1] = this.#words[record * 3 + 1] as number
      words[at + 2] = this.#words[record * 3 + 2] as number
      segment.used++
      this.names++
      if (isTombstone(words[at + 1] as number)) this.tombstones++
    }
  }

  #compete(
    cursor: IndexCursor,
    { from, to }: { from: number; to: number },
    winners: Map<string, Winner>,
  ): void {
    const { bytes, nameStart, nameEnd } = cursor
    this.#hash.hash(bytes, nameStart, nameEnd)
    const index = this.#hash.high >>> segmentShift
    if (index < from || index >= to || this.#contested[index]?.has(this.#hash.low) !== true) return
    const record = cursor.record()
    const name = record.name.toString('latin1')
    const present = winners.get(name)
    // Of two copies of one version the later one counts: it was written to heal the first.
    if (present !== undefined && compareRank(record, present.rank) < 0) return
    const { version, tombstone, dataChecksum } = record
    winners.set(name, {
      rank: { version, tombstone, dataChecksum },
      place: toPlace(record),
      where: toWhere({ volumeId: cursor.volumeId, lengthBytes: record.lengthBytes }),
    })
  }

  #placeWinners(winners: Map<string, Winner>): void {
    for (const [key, { place, where }] of winners) {
      const name = Buffer.from(key, 'latin1')
      this.#hash.hash(name, 0, name.length)
      const index = this.#hash.high >>> segmentShift
      const segment = this.#segments.withRoom(index, 0)
      const { words } = segment
      const at = slotOf(segment, this.#hash.low)
      if (isTombstone(place)) this.tombstones++
      if (this.#contested[index]?.delete(this.#hash.low) === true) {
        if (isTombstone(words[at + 1] as number)) this.tombstones--
        words[at + 1] = place
        words[at + 2] = where
      } else {
        words[at + 1] = (words[at + 1] as number) | flagContested
        this.overflow.set(key, { place, where })
        this.names++
      }
    }
  }
}
