// A volume and its index log, and the one place that seals a volume after a failed write or sync.
import { dirname, join } from 'node:path'
import type { DiskFiles } from '../disk/disk-files.js'
import { writeFully } from '../disk/whole-io.js'
import { StoreError } from '../errors.js'
import { IndexLog } from '../index/index-log.js'
import { indexFileName, sealFileName, VolumeFile } from './volume-file.js'

export class Volume {
  readonly file: VolumeFile
  readonly index: IndexLog
  /** Damaged stretches known in this volume. */
  damagedRegions = 0
  damagedBytes = 0

  constructor(file: VolumeFile, index: IndexLog) {
    this.file = file
    this.index = index
  }

  get id(): number {
    return this.file.id
  }

  /** Makes an empty volume; on return it is durable, and so is the directory entry of its index log. */
  static async create(
    files: DiskFiles,
    directory: string,
    ids: { volumeId: number; storeId: number },
  ): Promise<Volume> {
    const file = await VolumeFile.create(files, directory, ids)
    try {
      const index = await IndexLog.create(
        files,
        join(directory, indexFileName(ids.volumeId)),
        file.superblock,
      )
      await files.syncDirectory(directory)
      return new Volume(file, index)
    } catch (cause) {
      await file.close()
      await files.remove(file.path)
      throw cause
    }
  }

  /**
   * Closes the volume for writing after a failure: nothing past its last synced offset will ever be adopted. On
   * return that is durable. Throws STORE_FAILED when even this cannot be recorded; the process must then end.
   */
  async seal(files: DiskFiles, reason: unknown): Promise<void> {
    if (this.file.sealed) return
    this.file.sealed = true
    const directory = dirname(this.file.path)
    const path = join(directory, sealFileName(this.id))
    const record = {
      sealedAtBytes: this.file.syncedBytes,
      reason: String(reason),
      at: new Date().toISOString(),
    }
    try {
      await files.remove(`${path}.tmp`)
      const sealFile = await files.open(`${path}.tmp`, 'wx+')
      await writeFully(sealFile, [Buffer.from(`${JSON.stringify(record)}\n`)], 0)
      await sealFile.dataSync()
      await sealFile.close()
      await files.rename(`${path}.tmp`, path)
      await files.syncDirectory(directory)
    } catch (cause) {
      throw new StoreError(
        'STORE_FAILED',
        `Volume ${this.id} failed and cannot be sealed: ${String(cause)}`,
        { cause },
      )
    }
  }

  async close(): Promise<void> {
    await this.index.close()
    await this.file.close()
  }
}
