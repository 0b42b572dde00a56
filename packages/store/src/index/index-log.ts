// The index log of one volume: written in bulk behind the acknowledgements, never ahead of what is synced.
import type { DiskFile, DiskFiles } from '../disk/disk-files.js'
import { readFully, writeFully } from '../disk/whole-io.js'
import type { Superblock } from '../volume/superblock.js'
import {
  blockHeaderBytes,
  decodeIndexHeader,
  encodeBlock,
  encodeIndexHeader,
  encodeRecord,
  IndexCursor,
  type IndexBlock,
  type IndexRecord,
  indexHeaderBytes,
  readBlock,
} from './index-format.js'

const blockPayloadBytesMax = 1024 * 1024
const blockBytesMax = 8 * 1024 * 1024
const readWindowBytes = 4 * 1024 * 1024
/** Records that wait for their flush; writers stop taking blobs when a full disk keeps the log from being written. */
export const pendingIndexBytesMax = 32 * 1024 * 1024

/** Reads a log block by block from its beginning; stops at the first byte that is not valid. */
export class IndexLogReader {
  readonly #file: DiskFile
  #window: Buffer
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #nextBytes = indexHeaderBytes
  readonly superblock: Superblock | undefined
  validBytes: number
  coversToBytes: number

  private constructor(
    file: DiskFile,
    superblock: Superblock | undefined,
    { coversFromBytes, windowBytes }: { coversFromBytes: number; windowBytes: number },
  ) {
    this.#file = file
    this.#window = Buffer.allocUnsafe(windowBytes)
    this.superblock = superblock
    this.validBytes = superblock === undefined ? 0 : indexHeaderBytes
    this.coversToBytes = coversFromBytes
  }

  static async open(file: DiskFile, coversFromBytes = 0): Promise<IndexLogReader> {
    const header = Buffer.alloc(indexHeaderBytes)
    const superblock = decodeIndexHeader(header.subarray(0, await readFully(file, header, 0)))
    const windowBytes = Math.min(readWindowBytes, Math.max(blockHeaderBytes, await file.size()))
    return new IndexLogReader(file, superblock, { coversFromBytes, windowBytes })
  }

  /** The next block's bytes, good until the next call; undefined at the end of what is valid. */
  async next(): Promise<{ bytes: Buffer; block: IndexBlock } | undefined> {
    if (this.superblock === undefined) return undefined
    let block = readBlock(this.#bytes, this.#at)
    while (block === 'incomplete') {
      if (!(await this.#readMore())) return undefined
      block = readBlock(this.#bytes, this.#at)
    }
    if (block === undefined) return undefined
    this.validBytes += block.end - this.#at
    this.#at = block.end
    this.coversToBytes = block.coversToBytes
    return { bytes: this.#bytes, block }
  }

  /** Moves the window to the block being read; false when the file has no more of it. */
  async #readMore(): Promise<boolean> {
    const left = this.#bytes.length - this.#at
    if (left === this.#window.length) {
      if (left > blockBytesMax) return false
      this.#window = Buffer.allocUnsafe(this.#window.length * 2)
    }
    const filled = await readFully(this.#file, this.#window, this.#nextBytes - left)
    if (filled <= left) return false
    this.#nextBytes += filled - left
    this.#bytes = this.#window.subarray(0, filled)
    this.#at = 0
    return true
  }
}

export class IndexLog {
  /** Undefined when a directory is looked at without its log: then records are only held. */
  readonly #file: DiskFile | undefined
  #sizeBytes: number
  #pending: { bytes: Buffer; endBytes: number }[] = []
  #pendingBytes = 0
  #flushing: Promise<void> = Promise.resolve()

  constructor(file: DiskFile | undefined, sizeBytes: number) {
    this.#file = file
    this.#sizeBytes = sizeBytes
  }

  /** Starts an empty log; replaces whatever stood at `path`. The directory entry is durable once it is synced. */
  static async create(files: DiskFiles, path: string, superblock: Superblock): Promise<IndexLog> {
    await files.remove(path)
    const file = await files.open(path, 'wx+')
    try {
      await writeFully(file, [encodeIndexHeader(superblock)], 0)
      return new IndexLog(file, indexHeaderBytes)
    } catch (cause) {
      await file.close()
      await files.remove(path)
      throw cause
    }
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Notes a needle (or damage); needles come in the order of their offsets. Nothing is written yet. */
  append(record: IndexRecord): void {
    const bytes = encodeRecord(record)
    this.#pending.push({ bytes, endBytes: record.offsetBytes + record.lengthBytes })
    this.#pendingBytes += bytes.length
  }

  /** Writes the records of needles that end at or below `syncedBytes`. A failure keeps them for the next flush. */
  flush(syncedBytes: number): Promise<void> {
    const flushed = this.#flushing.then(() => this.#flush(syncedBytes))
    this.#flushing = flushed.catch(() => undefined)
    return flushed
  }

  async #flush(syncedBytes: number): Promise<void> {
    if (this.#file === undefined) return
    while (true) {
      let count = 0
      let payloadBytes = 0
      for (const { bytes, endBytes } of this.#pending) {
        if (endBytes > syncedBytes || payloadBytes + bytes.length > blockPayloadBytesMax) break
        payloadBytes += bytes.length
        count++
      }
      const last = this.#pending[count - 1]
      if (last === undefined) return
      const block = encodeBlock(
        this.#pending.slice(0, count).map(({ bytes }) => bytes),
        last.endBytes,
      )
      await writeFully(this.#file, [block], this.#sizeBytes)
      this.#sizeBytes += block.length
      this.#pending.splice(0, count)
      this.#pendingBytes -= payloadBytes
    }
  }

  /** Shows every record, flushed or not, in order. The cursor is only good during the call. */
  async forEach(visit: (cursor: IndexCursor) => void, volumeId: number): Promise<void> {
    const cursor = new IndexCursor()
    cursor.volumeId = volumeId
    for await (const records of this.blocks()) {
      cursor.bytes = records.bytes
      cursor.at = records.start
      for (let record = 0; record < records.count; record++) {
        visit(cursor)
        cursor.at = cursor.nameEnd
      }
    }
  }

  /** The records in pieces, for readers that pause in between; bytes are good until the next piece. */
  async *blocks(): AsyncGenerator<{ bytes: Buffer; start: number; count: number }, void, undefined> {
    await this.#flushing
    const pending = this.#pending.map(({ bytes }) => bytes)
    const sizeBytes = this.#sizeBytes
    if (this.#file !== undefined) {
      const reader = await IndexLogReader.open(this.#file)
      for (let read = await reader.next(); read !== undefined; read = await reader.next()) {
        // Written since: these records are among the pending ones.
        if (reader.validBytes > sizeBytes) break
        yield { bytes: read.bytes, start: read.block.start, count: read.block.records }
      }
    }
    if (pending.length > 0) yield { bytes: Buffer.concat(pending), start: 0, count: pending.length }
  }

  async dataSync(): Promise<void> {
    await this.#file?.dataSync()
  }

  async close(): Promise<void> {
    await this.#flushing
    await this.#file?.close()
  }
}
