// The embedded key map: an open-addressing table of 12-byte slots, at most 18 bytes per name.
//
// The hash of a name gives a segment (8 bits) and a fingerprint (32 bits). The table does not hold names: two names with
// one segment and fingerprint are told apart by an overflow map of whole names, and the slot's contested flag says that
// there is one.
import type { KeyMap, KeyMapEntry, KeyMapStats, LocationSource, Publication } from './key-map.js'
import type { NameHash } from './name-hash.js'
import { type OverflowEntry, TableLoad } from './table-load.js'
import {
  flagContested,
  flagRecent,
  isTombstone,
  segmentShift,
  slotOf,
  standsAt,
  type TableEntry,
  TableSegments,
  toEntry,
  toPlace,
  toWhere,
  wordsPerSlot,
} from './table-segments.js'

export class TableKeyMap implements KeyMap {
  readonly exact = false
  readonly #hash: NameHash
  readonly #segments = new TableSegments()
  #overflow = new Map<string, OverflowEntry>()
  #names = 0
  #tombstones = 0
  #epoch = 0

  constructor(hash: NameHash) {
    this.#hash = hash
  }

  find(name: Buffer): TableEntry | undefined {
    return this.findBytes(name, 0, name.length)
  }

  /** As find, for a name that stands inside a larger buffer. */
  findBytes(bytes: Buffer, start: number, end: number): TableEntry | undefined {
    this.#hash.hash(bytes, start, end)
    const segment = this.#segments.get(this.#hash.high >>> segmentShift)
    if (segment === undefined) return undefined
    const { words } = segment
    const at = slotOf(segment, this.#hash.low)
    const where = words[at + 2] as number
    if (where === 0) return undefined
    const place = words[at + 1] as number
    if ((place & flagContested) !== 0) {
      const other = this.#overflow.get(bytes.toString('latin1', start, end))
      if (other !== undefined) return toEntry(other.place, other.where, false)
    }
    return toEntry(place, where, (place & flagRecent) !== 0 && segment.epoch === this.#epoch)
  }

  publish(publications: readonly Publication[]): void {
    for (const { name, entry, replaces } of publications) this.#set(name, entry, replaces)
  }

  #set(name: Buffer, entry: KeyMapEntry, replaces: KeyMapEntry | undefined): void {
    const key = name.toString('latin1')
    const place = toPlace(entry)
    const where = toWhere(entry)
    const other = this.#overflow.get(key)
    if (other !== undefined) {
      this.#countTombstone(place, other.place)
      other.place = place
      other.where = where
      return
    }
    this.#hash.hash(name, 0, name.length)
    const segment = this.#segments.withRoom(this.#hash.high >>> segmentShift, 1)
    const { words } = segment
    const at = slotOf(segment, this.#hash.low)
    const taken = (words[at + 2] as number) !== 0
    if (taken && !(replaces !== undefined && standsAt(words, at, replaces))) {
      words[at + 1] = (words[at + 1] as number) | flagContested
      this.#overflow.set(key, { place, where })
      this.#names++
      this.#countTombstone(place, 0)
      return
    }
    this.#countTombstone(place, taken ? (words[at + 1] as number) : 0)
    words[at + 1] = place | ((words[at + 1] as number) & flagContested)
    words[at + 2] = where
    if (taken) return
    words[at] = this.#hash.low
    segment.used++
    this.#names++
  }

  #countTombstone(place: number, replacedPlace: number): void {
    if (isTombstone(place)) this.#tombstones++
    if (isTombstone(replacedPlace)) this.#tombstones--
  }

  /** Notes that the blob's bytes were just read. Forgotten at the next forgetRecent(). */
  markRecent(bytes: Buffer, start: number, end: number, entry: KeyMapEntry): void {
    this.#hash.hash(bytes, start, end)
    const segment = this.#segments.get(this.#hash.high >>> segmentShift)
    if (segment === undefined) return
    const { words } = segment
    const at = slotOf(segment, this.#hash.low)
    if (!standsAt(words, at, entry)) return
    if (segment.epoch !== this.#epoch) {
      for (let slot = 1; slot < words.length; slot += wordsPerSlot)
        words[slot] = (words[slot] as number) & ~flagRecent
      segment.epoch = this.#epoch
    }
    words[at + 1] = (words[at + 1] as number) | flagRecent
  }

  /** Forgets which blobs were read lately, at no cost now: each segment clears its flags when it is next marked. */
  forgetRecent(): void {
    this.#epoch++
  }

  async load(source: LocationSource): Promise<void> {
    const load = new TableLoad(this.#hash, this.#segments)
    await load.run(source)
    this.#overflow = load.overflow
    this.#names = load.names
    this.#tombstones = load.tombstones
  }

  ready(): boolean {
    return true
  }

  stats(): KeyMapStats {
    return {
      kind: 'table',
      names: this.#names,
      tombstones: this.#tombstones,
      memoryBytes: this.#segments.memoryBytes(),
    }
  }

  close(): Promise<void> {
    this.#segments.clear()
    this.#overflow.clear()
    return Promise.resolve()
  }
}
