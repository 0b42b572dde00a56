// The index logs and volumes as a key map sees them: what to fill itself from.
import { StoreError } from '../errors.js'
import { IndexCursor, type IndexRecord } from '../index/index-format.js'
import { nameOf, rankOf, readNeedle } from '../volume/needle-reader.js'
import type { VolumeSet } from '../volume/volume-set.js'
import type { KeyMapEntry, LocationSource, RankedName, VolumeRange } from './key-map.js'

export class LocationIndex implements LocationSource {
  readonly #volumes: VolumeSet

  constructor(volumes: VolumeSet) {
    this.#volumes = volumes
  }

  forEach(visit: (cursor: IndexCursor) => void): Promise<void> {
    return this.#volumes.forEachRecord(visit)
  }

  async *pages(
    { volumeId, fromBytes, toBytes }: VolumeRange,
    recordsMax: number,
  ): AsyncGenerator<readonly IndexRecord[], void, undefined> {
    const volume = this.#volumes.get(volumeId)
    if (volume === undefined) return
    const cursor = new IndexCursor()
    cursor.volumeId = volumeId
    let page: IndexRecord[] = []
    for await (const { bytes, start, count } of volume.index.blocks()) {
      cursor.bytes = bytes
      cursor.at = start
      for (let index = 0; index < count; index++) {
        const { offsetBytes } = cursor
        if (offsetBytes >= fromBytes && offsetBytes < toBytes && !cursor.damage) page.push(cursor.record())
        cursor.at = cursor.nameEnd
        if (page.length < recordsMax) continue
        yield page
        page = []
      }
    }
    if (page.length > 0) yield page
  }

  ends(): ReadonlyMap<number, number> {
    return new Map(this.#volumes.all().map(({ id, file }) => [id, file.committedBytes]))
  }

  async needleAt(entry: KeyMapEntry): Promise<RankedName | undefined> {
    const volume = this.#volumes.get(entry.volumeId)
    if (volume === undefined) return undefined
    if (!volume.file.acquire()) throw new StoreError('STORE_CLOSED', 'The store is closed')
    try {
      const needle = await readNeedle(volume.file, entry, { name: undefined, withData: false })
      return typeof needle === 'string' ? undefined : { name: nameOf(needle), ...rankOf(needle) }
    } finally {
      volume.file.release()
    }
  }

  async recordAt({ volumeId, offsetBytes }: KeyMapEntry): Promise<RankedName | undefined> {
    let record: IndexRecord | undefined
    await this.#volumes.get(volumeId)?.index.forEach((cursor) => {
      if (cursor.offsetBytes === offsetBytes && !cursor.damage) record = cursor.record()
    }, volumeId)
    return record
  }
}
