// What an index log about to be replaced still knows that its volume alone cannot tell.
import { readRecords, surveyIndex } from '../check/read-index.js'
import { type DiskFile, nodeDiskFiles } from '../disk/disk-files.js'
import type { IndexRecord } from '../index/index-format.js'
import { damageRecord } from './recover-volume.js'
import type { Superblock } from '../volume/superblock.js'

interface Stretch {
  readonly offsetBytes: number
  readonly lengthBytes: number
}

export class OldIndexLog {
  /** Can stand in for a damaged superblock; undefined when there is no log that can be read. */
  readonly superblock: Superblock | undefined
  readonly #file: DiskFile | undefined
  #records: AsyncGenerator<IndexRecord, void, undefined> | undefined
  #next: IndexRecord | undefined

  private constructor(file: DiskFile | undefined, superblock: Superblock | undefined) {
    this.#file = file
    this.superblock = superblock
    if (file !== undefined) this.#records = readRecords(file, Number.POSITIVE_INFINITY)
  }

  /** A log that is missing or not readable knows nothing. */
  static async open(path: string): Promise<OldIndexLog> {
    try {
      const file = await nodeDiskFiles.open(path, 'r')
      return new OldIndexLog(file, (await surveyIndex(file)).superblock)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      return new OldIndexLog(undefined, undefined)
    }
  }

  /** A log of another volume is not believed. */
  requireSalt(salt: Buffer): void {
    if (this.superblock?.salt.equals(salt) !== true) this.#records = undefined
  }

  /**
   * The records to write for a damaged stretch. A needle with damaged data cannot be told from rubbish by the volume,
   * but the log knows its name: kept, the name is answered as damaged; forgotten, with an older blob or as never
   * stored. Behind the last name in a torn tail there is nothing to record. To be called in the order of offsets.
   */
  async explain(stretch: Stretch, kind: 'damage' | 'torn'): Promise<IndexRecord[]> {
    const endBytes = stretch.offsetBytes + stretch.lengthBytes
    const explained: IndexRecord[] = []
    let at = stretch.offsetBytes
    for (let record = await this.#peek(); record !== undefined; record = await this.#peek()) {
      if (record.offsetBytes >= endBytes) break
      this.#next = undefined
      const { offsetBytes, lengthBytes, damage } = record
      if (damage || offsetBytes < at || offsetBytes + lengthBytes > endBytes) continue
      if (offsetBytes > at) explained.push(damageRecord({ offsetBytes: at, lengthBytes: offsetBytes - at }))
      explained.push(record)
      at = offsetBytes + lengthBytes
    }
    if (at < endBytes && kind === 'damage') {
      explained.push(damageRecord({ offsetBytes: at, lengthBytes: endBytes - at }))
    }
    return explained
  }

  async #peek(): Promise<IndexRecord | undefined> {
    if (this.#next === undefined) {
      const { value } = (await this.#records?.next()) ?? { value: undefined }
      this.#next = value ?? undefined
    }
    return this.#next
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }
}
