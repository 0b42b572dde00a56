// The memory of the table: segments of 12-byte slots with open addressing. A slot is three 32-bit words:
//   fingerprint | offset / 8 (29 bits), recent, tombstone, contested | volume id (20 bits), size class (12 bits)
// Segments grow by a quarter, one at a time, so that growth never takes longer than copying one of them.
import type { KeyMapEntry } from './key-map.js'
import { sizeClassOf, sizeOfClass } from './size-class.js'

/** Few enough that at some millions of names a segment is memory of its own to the allocator, given back when it grows. */
export const segmentCount = 256
/** The segment of a name is its hash's upper half, shifted by this. */
export const segmentShift = 24
export const wordsPerSlot = 3
const slotsAtFirst = 8
const growthFactor = 1.25
const loadMax = 0.87
const offsetMask = 0x1fff_ffff
export const flagRecent = 0x2000_0000
export const flagTombstone = 0x4000_0000
export const flagContested = 0x8000_0000

export interface Segment {
  words: Uint32Array
  slots: number
  used: number
  /** The recent flags of a segment count only while its epoch is the table's. */
  epoch: number
}

export interface TableEntry extends KeyMapEntry {
  /** The blob was read lately, so its bytes are most likely in the page cache. */
  readonly recent: boolean
}

export class TableSegments {
  readonly #segments: (Segment | undefined)[] = new Array<Segment | undefined>(segmentCount)

  get(index: number): Segment | undefined {
    return this.#segments[index]
  }

  /** The segment, made when there is none yet, with room for `more` names. */
  withRoom(index: number, more: number): Segment {
    const present = this.#segments[index] ?? makeSegment(slotsAtFirst)
    const needed = (present.used + more) / loadMax
    let slots = present.slots
    while (slots < needed) slots = Math.ceil(slots * growthFactor)
    const roomy = slots === present.slots ? present : grow(present, slots)
    this.#segments[index] = roomy
    return roomy
  }

  memoryBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + (segment?.words.byteLength ?? 0), 0)
  }

  clear(): void {
    this.#segments.fill(undefined)
  }
}

function makeSegment(slots: number): Segment {
  return { words: new Uint32Array(slots * wordsPerSlot), slots, used: 0, epoch: 0 }
}

function grow(segment: Segment, slots: number): Segment {
  const grown = { ...makeSegment(slots), used: segment.used, epoch: segment.epoch }
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

/** The slot that holds the fingerprint, or the free one where it belongs; an index into the words. */
export function slotOf({ words, slots }: Segment, fingerprint: number): number {
  let slot = Math.floor((fingerprint * slots) / 2 ** 32)
  let at = slot * wordsPerSlot
  while (words[at + 2] !== 0 && words[at] !== fingerprint) {
    slot = slot + 1 === slots ? 0 : slot + 1
    at = slot * wordsPerSlot
  }
  return at
}

/** The second word of a slot, without recent and contested. */
export function toPlace({ offsetBytes, tombstone }: { offsetBytes: number; tombstone: boolean }): number {
  return ((offsetBytes / 8) | (tombstone ? flagTombstone : 0)) >>> 0
}

/** The third word of a slot; never 0, which marks a free one. */
export function toWhere({ volumeId, lengthBytes }: { volumeId: number; lengthBytes: number }): number {
  return volumeId * 4096 + sizeClassOf(lengthBytes)
}

export function isTombstone(place: number): boolean {
  return (place & flagTombstone) !== 0
}

export function toEntry(place: number, where: number, recent: boolean): TableEntry {
  return {
    volumeId: where >>> 12,
    offsetBytes: (place & offsetMask) * 8,
    lengthBytes: sizeOfClass(where & 0xfff),
    tombstone: isTombstone(place),
    recent,
  }
}

export function standsAt(words: Uint32Array, at: number, { volumeId, offsetBytes }: KeyMapEntry): boolean {
  return (
    (words[at + 2] as number) >>> 12 === volumeId &&
    ((words[at + 1] as number) & offsetMask) * 8 === offsetBytes
  )
}
