// The index logs and volumes as a key map sees them: what to fill itself from.
import type { IndexCursor } from '../index/index-format.js'
import { rankOf, readNeedle } from '../volume/needle-reader.js'
import type { VolumeSet } from '../volume/volume-set.js'
import type { KeyMapEntry, LocationSource } from './key-map.js'

export class LocationIndex implements LocationSource {
  readonly #volumes: VolumeSet

  constructor(volumes: VolumeSet) {
    this.#volumes = volumes
  }

  forEach(visit: (cursor: IndexCursor) => void, fromBytes?: (volumeId: number) => number): Promise<void> {
    return this.#volumes.forEachRecord(visit, fromBytes)
  }

  ends(): ReadonlyMap<number, number> {
    return new Map(this.#volumes.all().map(({ id, file }) => [id, file.committedBytes]))
  }

  async rankOf(name: Buffer, entry: KeyMapEntry) {
    const volume = this.#volumes.get(entry.volumeId)
    if (volume === undefined) return undefined
    const needle = await readNeedle(volume.file, entry, { name, withData: false })
    return typeof needle === 'string' ? undefined : rankOf(needle)
  }
}
