// A body too large for memory, in a file without a name: removed from its directory as soon as it is open, so that
// nothing stays behind however the process ends. Never synced: until a store has it, the blob does not exist.
import { ClusterError } from '@backpack/cluster-model'
import { randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { makeDirectory } from './make-directory.js'

const spoolName = /^backpack-upload-[0-9a-f]{24}\.spool$/
const readChunkBytes = 256 * 1024

export class SpoolFile {
  readonly #file: FileHandle
  #sizeBytes = 0

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** Throws SPOOL_FAILED. */
  static async create(directory: string): Promise<SpoolFile> {
    const path = join(directory, `backpack-upload-${randomBytes(12).toString('hex')}.spool`)
    try {
      const file = await open(path, 'wx+', 0o600)
      // A coordinator that starts beside this one may have removed the name already.
      await unlink(path).catch(() => undefined)
      return new SpoolFile(file)
    } catch (cause) {
      throw spoolError(cause)
    }
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Appends; resolves once the system has the bytes. One call at a time. Throws SPOOL_FAILED. */
  async append(bytes: Uint8Array): Promise<void> {
    let written = 0
    try {
      while (written < bytes.length) {
        const { bytesWritten } = await this.#file.write(
          bytes,
          written,
          bytes.length - written,
          this.#sizeBytes + written,
        )
        if (bytesWritten === 0) throw new Error('The file took no bytes')
        written += bytesWritten
      }
    } catch (cause) {
      throw spoolError(cause)
    }
    this.#sizeBytes += bytes.length
  }

  /** Everything from the beginning; several may be read at once, and until close(). Fails with SPOOL_FAILED. */
  read(): Readable {
    // No stream of the file handle itself: destroying one closes the file.
    return Readable.from(this.#chunks(), { objectMode: false, highWaterMark: 1 })
  }

  async *#chunks(): AsyncGenerator<Buffer, void, undefined> {
    for (let position = 0; position < this.#sizeBytes; ) {
      const chunk = Buffer.allocUnsafe(Math.min(readChunkBytes, this.#sizeBytes - position))
      const bytesRead = await this.#readAt(chunk, position)
      yield chunk.subarray(0, bytesRead)
      position += bytesRead
    }
  }

  async #readAt(chunk: Buffer, position: number): Promise<number> {
    try {
      const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, position)
      if (bytesRead === 0) throw new Error('The file is shorter than what was written')
      return bytesRead
    } catch (cause) {
      throw spoolError(cause)
    }
  }

  /** Frees the disk space, once reads under way have ended. Never throws. */
  async close(): Promise<void> {
    await this.#file.close().catch(() => undefined)
  }
}

/**
 * Makes the directory when it is missing, and removes what a coordinator left that was killed in the moment between
 * opening a file and removing its name. Throws SPOOL_FAILED when no file can be made there.
 */
export async function prepareSpool(directory: string): Promise<void> {
  try {
    await makeDirectory(directory)
    const left = (await readdir(directory)).filter((name) => spoolName.test(name))
    // Another user's cannot be removed, and are not ours to remove.
    await Promise.all(left.map((name) => unlink(join(directory, name)).catch(() => undefined)))
  } catch (cause) {
    throw spoolError(cause)
  }
  const probe = await SpoolFile.create(directory)
  await probe.close()
}

function spoolError(cause: unknown): ClusterError {
  const { code, message } = cause as NodeJS.ErrnoException
  const reason = code === 'ENOSPC' ? 'its disk is full' : message
  return new ClusterError('SPOOL_FAILED', `The spool directory cannot be used: ${reason}`, { cause })
}
