// The embedded key map: an open-addressing table of 12-byte slots, at most 18 bytes per name.
//
// The hash of a name gives a segment (8 bits) and a fingerprint (32 bits). A slot is three 32-bit words:
//   fingerprint | offset / 8 (29 bits), recent, tombstone, contested | volume id (20 bits), size class (12 bits)
// The table does not hold names. Two names with one segment and fingerprint are told apart by an overflow map of
// whole names; the slot's contested flag says that there is one. Segments grow by a quarter, one at a time, so that
// growth never takes longer than copying one small array.
import type { IndexCursor } from '../index/index-format.js'
import { compareRank, type NeedleRank } from '../needle/blob-version.js'
import type { KeyMap, KeyMapEntry, KeyMapStats, LocationSource, Publication } from './key-map.js'
import type { NameHash } from './name-hash.js'
import { sizeClassOf, sizeOfClass } from './size-class.js'

/** Few enough that at some millions of names a segment is memory of its own to the allocator, given back when it grows. */
const segmentCount = 256
const segmentShift = 24
const wordsPerSlot = 3
const slotsAtFirst = 8
const growthFactor = 1.25
const loadMax = 0.87
const offsetMask = 0x1fff_ffff
const flagRecent = 0x2000_0000
const flagTombstone = 0x4000_0000
const flagContested = 0x8000_0000

interface Segment {
  words: Uint32Array
  slots: number
  used: number
  /** The recent flags of a segment count only while its epoch is the table's. */
  epoch: number
}

interface OverflowEntry {
  place: number
  where: number
}

export interface TableEntry extends KeyMapEntry {
  /** The blob was read lately, so its bytes are most likely in the page cache. */
  readonly recent: boolean
}

interface Winner {
  readonly rank: NeedleRank
  readonly place: number
  readonly where: number
}

export class TableKeyMap implements KeyMap {
  readonly exact = false
  readonly #hash: NameHash
  readonly #segments: (Segment | undefined)[] = new Array<Segment | undefined>(segmentCount)
  readonly #overflow = new Map<string, OverflowEntry>()
  #names = 0
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
    const segment = this.#segments[this.#hash.high >>> segmentShift]
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
      other.place = place
      other.where = where
      return
    }
    this.#hash.hash(name, 0, name.length)
    const segment = this.#segmentFor(this.#hash.high >>> segmentShift)
    const { words } = segment
    const at = slotOf(segment, this.#hash.low)
    const taken = (words[at + 2] as number) !== 0
    if (taken && !(replaces !== undefined && standsAt(words, at, replaces))) {
      words[at + 1] = (words[at + 1] as number) | flagContested
      this.#overflow.set(key, { place, where })
      this.#names++
      return
    }
    words[at + 1] = place | ((words[at + 1] as number) & flagContested)
    words[at + 2] = where
    if (taken) return
    words[at] = this.#hash.low
    this.#countSlot(segment, this.#hash.high >>> segmentShift)
  }

  #countSlot(segment: Segment, index: number): void {
    this.#names++
    segment.used++
    if (segment.used > segment.slots * loadMax) this.#segments[index] = grow(segment)
  }

  /** Notes that the blob's bytes were just read. Forgotten at the next forgetRecent(). */
  markRecent(bytes: Buffer, start: number, end: number, entry: KeyMapEntry): void {
    this.#hash.hash(bytes, start, end)
    const segment = this.#segments[this.#hash.high >>> segmentShift]
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

  /**
   * Fills the table. The first pass takes every fingerprint once; where one comes again (an overwrite, or rarely
   * another name) a second pass collects the names and decides by rank.
   */
  async load(source: LocationSource): Promise<void> {
    const contested = new Set<number>()
    await source.forEach((cursor) => this.#loadRecord(cursor, contested))
    if (contested.size === 0) return
    const winners = new Map<string, Winner>()
    await source.forEach((cursor) => {
      const { bytes, nameStart, nameEnd } = cursor
      this.#hash.hash(bytes, nameStart, nameEnd)
      if (!contested.has(this.#fullHash())) return
      const record = cursor.record()
      const name = record.name.toString('latin1')
      const present = winners.get(name)
      // Of two copies of one version the later one counts: it was written to heal the first.
      if (present !== undefined && compareRank(record, present.rank) < 0) return
      const { version, tombstone, dataChecksum } = record
      const entry = { volumeId: cursor.volumeId, ...record }
      winners.set(name, {
        rank: { version, tombstone, dataChecksum },
        place: toPlace(entry),
        where: toWhere(entry),
      })
    })
    this.#placeWinners(winners, contested)
  }

  #loadRecord(cursor: IndexCursor, contested: Set<number>): void {
    const { bytes, nameStart, nameEnd } = cursor
    this.#hash.hash(bytes, nameStart, nameEnd)
    const index = this.#hash.high >>> segmentShift
    const segment = this.#segmentFor(index)
    const { words } = segment
    const at = slotOf(segment, this.#hash.low)
    if ((words[at + 2] as number) !== 0) {
      contested.add(this.#fullHash())
      return
    }
    words[at] = this.#hash.low
    words[at + 1] = cursor.offsetBytes / 8 + (cursor.tombstone ? flagTombstone : 0)
    words[at + 2] = cursor.volumeId * 4096 + sizeClassOf(cursor.lengthBytes)
    this.#countSlot(segment, index)
  }

  #placeWinners(winners: Map<string, Winner>, contested: Set<number>): void {
    for (const [key, { place, where }] of winners) {
      const name = Buffer.from(key, 'latin1')
      this.#hash.hash(name, 0, name.length)
      const segment = this.#segmentFor(this.#hash.high >>> segmentShift)
      const at = slotOf(segment, this.#hash.low)
      if (contested.delete(this.#fullHash())) {
        segment.words[at + 1] = place
        segment.words[at + 2] = where
      } else {
        segment.words[at + 1] = (segment.words[at + 1] as number) | flagContested
        this.#overflow.set(key, { place, where })
        this.#names++
      }
    }
  }

  #fullHash(): number {
    return (this.#hash.high >>> segmentShift) * 2 ** 32 + this.#hash.low
  }

  #segmentFor(index: number): Segment {
    const present = this.#segments[index]
    if (present !== undefined) return present
    const made = {
      words: new Uint32Array(slotsAtFirst * wordsPerSlot),
      slots: slotsAtFirst,
      used: 0,
      epoch: this.#epoch,
    }
    this.#segments[index] = made
    return made
  }

  ready(): boolean {
    return true
  }

  stats(): KeyMapStats {
    let memoryBytes = 0
    for (const segment of this.#segments) memoryBytes += segment?.words.byteLength ?? 0
    return { kind: 'table', names: this.#names, memoryBytes }
  }

  close(): Promise<void> {
    this.#segments.fill(undefined)
    this.#overflow.clear()
    return Promise.resolve()
  }
}

/** The slot that holds the fingerprint, or the free one where it belongs; an index into the words. */
function slotOf({ words, slots }: Segment, fingerprint: number): number {
  let slot = Math.floor((fingerprint * slots) / 2 ** 32)
  let at = slot * wordsPerSlot
  while (words[at + 2] !== 0 && words[at] !== fingerprint) {
    slot = slot + 1 === slots ? 0 : slot + 1
    at = slot * wordsPerSlot
  }
  return at
}

function grow(segment: Segment): Segment {
  const slots = Math.ceil(segment.slots * growthFactor)
  const grown = {
    words: new Uint32Array(slots * wordsPerSlot),
    slots,
    used: segment.used,
    epoch: segment.epoch,
  }
  const { words } = segment
  for (let from = 0; from < words.length; from += wordsPerSlot) {
    if (words[from + 2] === 0) continue
    const to = slotOf(grown, words[from] as number)
    grown.words[to] = words[from] as number
    grown.words[to + 1] = words[from + 1] as number
    grown.words[to + 2] = words[from + 2] as number
  }
  return grown
}

function toPlace({ offsetBytes, tombstone }: { offsetBytes: number; tombstone: boolean }): number {
  return (offsetBytes / 8) | (tombstone ? flagTombstone : 0)
}

function toWhere({ volumeId, lengthBytes }: { volumeId: number; lengthBytes: number }): number {
  return volumeId * 4096 + sizeClassOf(lengthBytes)
}

function toEntry(place: number, where: number, recent: boolean): TableEntry {
  return {
    volumeId: where >>> 12,
    offsetBytes: (place & offsetMask) * 8,
    lengthBytes: sizeOfClass(where & 0xfff),
    tombstone: (place & flagTombstone) !== 0,
    recent,
  }
}

function standsAt(words: Uint32Array, at: number, { volumeId, offsetBytes }: KeyMapEntry): boolean {
  return (
    (words[at + 2] as number) >>> 12 === volumeId &&
    ((words[at + 1] as number) & offsetMask) * 8 === offsetBytes
  )
}
