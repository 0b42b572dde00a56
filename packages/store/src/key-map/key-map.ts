// The port to the key map: where each name's newest needle stands. Rebuilt from index logs when lost.
import type { IndexCursor, IndexRecord } from '../index/index-format.js'
import type { NeedleRank } from '../needle/blob-version.js'

/** Where a needle stands. Offset and length in bytes; the length may be rounded up. */
export interface KeyMapEntry {
  readonly volumeId: number
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly tombstone: boolean
}

/** A needle that became the newest of its name, for the map to point at. */
export interface Publication {
  readonly name: Buffer
  readonly entry: KeyMapEntry
  readonly version: bigint
  /** What find() gave for this name, once verified to be this name's; undefined when the name was unknown. */
  readonly replaces: KeyMapEntry | undefined
}

/** A place in the volumes up to which a publication is complete. */
export interface VolumePosition {
  readonly volumeId: number
  readonly endBytes: number
}

/** A stretch of one volume, in bytes. */
export interface VolumeRange {
  readonly volumeId: number
  readonly fromBytes: number
  readonly toBytes: number
}

/** A needle seen from the outside: whose it is, and how new. */
export interface RankedName extends NeedleRank {
  readonly name: Buffer
}

/** What a map is filled from: every needle the store has. May be read more than once. */
export interface LocationSource {
  /** Shows every record in order of volume and offset, damage left out. The cursor is only good during the call. */
  forEach(visit: (cursor: IndexCursor) => void): Promise<void>
  /** The records of needles that lie in the range, in order, damage left out, in pages for a reader that pauses. */
  pages(range: VolumeRange, recordsMax: number): AsyncGenerator<readonly IndexRecord[], void, undefined>
  /** How far each volume is committed. */
  ends(): ReadonlyMap<number, number>
  /** What the volume says stands at an entry; undefined when no sound needle header does. Rejects on failed reads. */
  needleAt(entry: KeyMapEntry): Promise<RankedName | undefined>
  /** What the index log says stands there, for needles whose header is damaged. Reads the whole log. */
  recordAt(entry: KeyMapEntry): Promise<RankedName | undefined>
}

export interface KeyMapStats {
  readonly kind: 'table' | 'redis'
  /** Names known, tombstones included; -1 when the map cannot tell cheaply. */
  readonly names: number
  /** Of those the deleted ones; -1 when the map cannot tell cheaply. */
  readonly tombstones: number
  /** Bytes of memory the map itself takes in this process. */
  readonly memoryBytes: number
}

/**
 * One name is looked up or published by one caller at a time (the store serialises them). Both implementations pass
 * test/key-map/key-map-contract.ts.
 */
export interface KeyMap {
  /** False when find() may point at another name's needle, so that another name there means an unknown one. */
  readonly exact: boolean
  /** Makes the map equal to the source; nothing else may be called before it is done. */
  load(source: LocationSource): Promise<void>
  /** Where the name's newest needle stands; undefined when there is none. Throws KEY_MAP_AWAY. */
  find(name: Buffer): KeyMapEntry | undefined | Promise<KeyMapEntry | undefined>
  /** Points names at their new needles and moves the map's position; in order per volume. Throws KEY_MAP_AWAY. */
  publish(publications: readonly Publication[], position: VolumePosition): void | Promise<void>
  /** Whether find() and publish() would be answered now. */
  ready(): boolean
  stats(): KeyMapStats
  close(): Promise<void>
}
