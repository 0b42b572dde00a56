// From a name to its verified needle: key map, one read, checks.
import { StoreError } from '../errors.js'
import type { IndexRecord } from '../index/index-format.js'
import type { KeyMap, KeyMapEntry } from '../key-map/key-map.js'
import { compareRank, type NeedleRank } from '../needle/blob-version.js'
import { needleLength } from '../needle/needle-format.js'
import { DamagedNeedles } from './damaged-needles.js'
import { type NeedleRead, rankOf, type ReadFault, readNeedle } from './needle-reader.js'
import type { Volume } from './volume.js'
import type { VolumeSet } from './volume-set.js'

export interface FoundNeedle {
  /** With the needle's exact length. */
  readonly entry: KeyMapEntry
  readonly volume: Volume
  readonly needle: NeedleRead
}

/** What is known of a name before it is written: enough to rank a new needle against the present one. */
export interface PresentNeedle {
  readonly entry: KeyMapEntry
  readonly rank: NeedleRank
  readonly dataLength: number
  /** The very same needle again may be skipped: this one is synced and its header is sound. */
  readonly sound: boolean
}

export class BlobFinder {
  readonly #keyMap: KeyMap
  readonly #volumes: VolumeSet
  /** Reads refused because a checksum did not match. */
  damagedReads = 0
  readonly damaged = new DamagedNeedles()

  constructor(keyMap: KeyMap, volumes: VolumeSet) {
    this.#keyMap = keyMap
    this.#volumes = volumes
  }

  /**
   * The newest needle of a name, tombstones included; undefined when there is none. A needle that does not verify
   * is looked up once more, since it may have been moved, then throws BLOB_DAMAGED. Throws READ_FAILED, KEY_MAP_AWAY.
   */
  async find(name: Buffer, { withData }: { withData: boolean }): Promise<FoundNeedle | undefined> {
    let found = await this.#tryFind(name, withData)
    if (typeof found === 'object' && 'fault' in found) found = await this.#tryFind(name, withData)
    if (found === undefined || !('fault' in found)) return found
    const { fault, entry } = found
    this.noteDamage(entry)
    throw new StoreError(
      'BLOB_DAMAGED',
      `The blob at volume ${entry.volumeId}, offset ${entry.offsetBytes} is damaged: ${fault}`,
      {
        fault,
        location: entry,
      },
    )
  }

  noteDamage(entry: KeyMapEntry): void {
    this.damagedReads++
    this.damaged.note(entry)
  }

  async #tryFind(
    name: Buffer,
    withData: boolean,
  ): Promise<FoundNeedle | { fault: ReadFault; entry: KeyMapEntry } | undefined> {
    const looked = this.#keyMap.find(name)
    const entry = looked instanceof Promise ? await looked : looked
    if (entry === undefined) return undefined
    const volume = this.#volumes.get(entry.volumeId)
    const needle = volume === undefined ? 'past-end' : await readOrThrow(volume, entry, { name, withData })
    if (typeof needle === 'object' && volume !== undefined) {
      return { entry: { ...entry, lengthBytes: needleLength(needle.header) }, volume, needle }
    }
    // The table knows fingerprints only, so another name's needle means that ours is unknown. Redis knows whole
    // names; what it says of needles that a power cut took from a volume is as good as nothing.
    if (needle === (this.#keyMap.exact ? 'past-end' : 'name')) return undefined
    return { fault: needle as ReadFault, entry }
  }

  /** The present needle for a writer, who must be able to replace one that is damaged. */
  async present(name: Buffer): Promise<PresentNeedle | undefined> {
    try {
      const found = await this.find(name, { withData: false })
      if (found === undefined) return undefined
      const { entry, volume, needle } = found
      const synced = entry.offsetBytes + entry.lengthBytes <= volume.file.syncedBytes
      return { entry, rank: rankOf(needle), dataLength: needle.header.dataLength, sound: synced }
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'BLOB_DAMAGED') throw error
      return this.#presentFromIndex(name, error.details['location'] as KeyMapEntry)
    }
  }

  /** The needle's header cannot be read; its index record still says whose it is and how new. */
  async #presentFromIndex(name: Buffer, entry: KeyMapEntry): Promise<PresentNeedle | undefined> {
    const volume = this.#volumes.get(entry.volumeId)
    let record: IndexRecord | undefined
    await volume?.index.forEach((cursor) => {
      if (cursor.offsetBytes === entry.offsetBytes && !cursor.damage) record = cursor.record()
    }, entry.volumeId)
    if (record === undefined) {
      if (!this.#keyMap.exact) return undefined
      return { entry, rank: { version: 0n, tombstone: false, dataChecksum: 0 }, dataLength: 0, sound: false }
    }
    if (!record.name.equals(name)) return undefined
    const { version, tombstone, dataChecksum, dataLength } = record
    return { entry, rank: { version, tombstone, dataChecksum }, dataLength, sound: false }
  }

  /** Whether a needle that a replica sends is newer than, equal to, or older than the present one. */
  static compare(given: NeedleRank, present: PresentNeedle | undefined): 'newer' | 'same' | 'older' {
    if (present === undefined) return 'newer'
    const order = compareRank(given, present.rank)
    return order > 0 ? 'newer' : order === 0 ? 'same' : 'older'
  }
}

async function readOrThrow(volume: Volume, entry: KeyMapEntry, wanted: { name: Buffer; withData: boolean }) {
  if (!volume.file.acquire()) throw new StoreError('STORE_CLOSED', 'The store is closed')
  try {
    return await readNeedle(volume.file, entry, wanted)
  } catch (cause) {
    throw new StoreError('READ_FAILED', `Volume ${volume.id} could not be read`, { cause })
  } finally {
    volume.file.release()
  }
}
