// All volumes of a store by id, and which of them the writers fill.
import type { DiskFiles } from '../disk/disk-files.js'
import { StoreError } from '../errors.js'
import type { IndexCursor } from '../index/index-format.js'
import { Volume } from './volume.js'
import { volumeIdMax } from './volume-file.js'

export class VolumeSet {
  readonly files: DiskFiles
  readonly directory: string
  readonly storeId: number
  readonly volumeBytesMax: number
  readonly #volumes = new Map<number, Volume>()
  /** Volumes with room that no writer has taken yet, oldest last. */
  readonly #spare: Volume[] = []
  #idMax = 0

  constructor(options: { files: DiskFiles; directory: string; storeId: number; volumeBytesMax: number }) {
    this.files = options.files
    this.directory = options.directory
    this.storeId = options.storeId
    this.volumeBytesMax = options.volumeBytesMax
  }

  /** Takes over opened volumes, in order of id. */
  adopt(volumes: readonly Volume[]): void {
    for (const volume of volumes) {
      this.#volumes.set(volume.id, volume)
      this.#idMax = Math.max(this.#idMax, volume.id)
    }
    this.#spare.push(...volumes.filter((volume) => this.hasRoom(volume, 0)).reverse())
  }

  get(volumeId: number): Volume | undefined {
    return this.#volumes.get(volumeId)
  }

  /** In order of id. */
  all(): Volume[] {
    return [...this.#volumes.values()]
  }

  hasRoom(volume: Volume, lengthBytes: number): boolean {
    return !volume.file.sealed && volume.file.committedBytes + lengthBytes <= this.volumeBytesMax
  }

  /** A volume with room for one writer alone: one that has some already, else a new one, durable on return. */
  async takeWritable(lengthBytes: number): Promise<Volume> {
    while (this.#spare.length > 0) {
      const volume = this.#spare.pop()
      if (volume !== undefined && this.hasRoom(volume, lengthBytes)) return volume
    }
    return this.#create()
  }

  /** Adds an empty volume for the next writer that needs one. */
  async addSpare(): Promise<Volume> {
    const volume = await this.#create()
    this.#spare.unshift(volume)
    return volume
  }

  async #create(): Promise<Volume> {
    if (this.#idMax >= volumeIdMax)
      throw new StoreError('WRITE_FAILED', `A store has at most ${volumeIdMax} volumes`)
    const volumeId = ++this.#idMax
    const volume = await Volume.create(this.files, this.directory, { volumeId, storeId: this.storeId })
    this.#volumes.set(volumeId, volume)
    return volume
  }

  /** Shows every record of every index log, damage left out, in order of volume and offset. */
  async forEachRecord(visit: (cursor: IndexCursor) => void): Promise<void> {
    for (const volume of this.all()) {
      await volume.index.forEach((cursor) => {
        if (!cursor.damage) visit(cursor)
      }, volume.id)
    }
  }

  async close(): Promise<void> {
    for (const volume of this.all()) await volume.close()
  }
}
