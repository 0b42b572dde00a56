// A body larger than 1 MiB on its way in: written to `incoming/` with its checksums taken, appended to a volume
// once it is whole. Nothing here is ever synced: until then the blob does not exist.
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { writeError } from '../disk/disk-errors.js'
import type { DiskFile, DiskFiles } from '../disk/disk-files.js'
import { writeFully } from '../disk/whole-io.js'
import { StoreError } from '../errors.js'
import { chunkBytes } from '../needle/needle-format.js'

export class IncomingFile {
  readonly file: DiskFile
  readonly #path: string
  readonly #files: DiskFiles
  readonly #bytesMax: number
  readonly #chunkChecksums: number[] = []
  #pending: Buffer[] = []
  #pendingBytes = 0
  #writtenBytes = 0
  #checksum = 0

  private constructor(files: DiskFiles, path: string, file: DiskFile, bytesMax: number) {
    this.#files = files
    this.#path = path
    this.file = file
    this.#bytesMax = bytesMax
  }

  static async create(
    files: DiskFiles,
    directory: string,
    { id, bytesMax }: { id: number; bytesMax: number },
  ) {
    const path = join(directory, `${id}.part`)
    try {
      return new IncomingFile(files, path, await files.open(path, 'wx+'), bytesMax)
    } catch (cause) {
      throw writeError(cause, 'An upload could not be begun')
    }
  }

  get sizeBytes(): number {
    return this.#writtenBytes + this.#pendingBytes
  }

  /** Adds bytes; resolves when more may be added. Throws BLOB_TOO_LARGE, DISK_FULL or WRITE_FAILED. */
  async add(bytes: Buffer): Promise<void> {
    if (this.sizeBytes + bytes.length > this.#bytesMax) {
      throw new StoreError('BLOB_TOO_LARGE', `A blob may have ${this.#bytesMax} bytes`)
    }
    let rest = bytes
    while (this.#pendingBytes + rest.length >= chunkBytes) {
      const part = rest.subarray(0, chunkBytes - this.#pendingBytes)
      rest = rest.subarray(part.length)
      this.#pending.push(part)
      await this.#writeChunk()
    }
    if (rest.length > 0) {
      this.#pending.push(rest)
      this.#pendingBytes += rest.length
    }
  }

  async #writeChunk(): Promise<void> {
    const pending = this.#pending
    let chunkChecksum = 0
    let lengthBytes = 0
    for (const part of pending) {
      chunkChecksum = crc32(part, chunkChecksum)
      this.#checksum = crc32(part, this.#checksum)
      lengthBytes += part.length
    }
    this.#pending = []
    this.#pendingBytes = 0
    this.#chunkChecksums.push(chunkChecksum)
    const position = this.#writtenBytes
    this.#writtenBytes += lengthBytes
    try {
      await writeFully(this.file, pending, position)
    } catch (cause) {
      throw writeError(cause, 'An upload could not be written')
    }
  }

  /** Writes what is left and gives the checksums of everything. */
  async finish(): Promise<{ dataLength: number; dataChecksum: number; chunkChecksums: readonly number[] }> {
    if (this.#pendingBytes > 0) await this.#writeChunk()
    return {
      dataLength: this.#writtenBytes,
      dataChecksum: this.#checksum,
      chunkChecksums: this.#chunkChecksums,
    }
  }

  /** Closes and removes the file; safe at any point. */
  async discard(): Promise<void> {
    // Whether the blob was stored does not depend on this; what stays is removed at the next open.
    await this.file.close().catch(() => undefined)
    await this.#files.remove(this.#path).catch(() => undefined)
  }
}
