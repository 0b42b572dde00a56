// Receives a body whole before any store sees it: only so can it be sent again when a node fails. Small ones are held in
// memory as one Buffer; larger ones, and all that come while memory is short, in a spool file.
import { ClusterError, isClusterError, type ResendableBody } from '@backpack/cluster-model'
import type { IncomingMessage } from 'node:http'
import { crc32 } from 'node:zlib'
import type { CoordinatorLimits } from '../limits.js'
import type { BodyRate, WatchedBody } from './body-rate.js'
import { SpoolFile } from './spool-file.js'

/** release() gives its memory or its file back; it never throws. */
export interface ReceivedBody {
  readonly sizeBytes: number
  readonly body: ResendableBody
  /** CRC-32, eight hex digits, of the bytes as they came. Always taken: it costs 1 µs for 5 KB. */
  readonly checksum: string
  release(): void
}

export interface ReceiverParts {
  readonly limits: CoordinatorLimits
  readonly spoolDirectory: string
  readonly rate: BodyRate
}

export class UploadReceiver {
  readonly #limits: CoordinatorLimits
  readonly #spoolDirectory: string
  readonly #rate: BodyRate
  #memoryBytes = 0
  #spoolFiles = 0

  constructor({ limits, spoolDirectory, rate }: ReceiverParts) {
    this.#limits = limits
    this.#spoolDirectory = spoolDirectory
    this.#rate = rate
  }

  /** Memory charged for bodies under way. */
  get memoryBytes(): number {
    return this.#memoryBytes
  }

  /** Bodies under way that have a spool file. */
  get spoolFiles(): number {
    return this.#spoolFiles
  }

  /**
   * The body of a request. `sizeBytes` is its Content-Length, undefined when it is chunked. Throws LENGTH_REQUIRED (no
   * bytes), LENGTH_MISMATCH (the client is gone), BLOB_TOO_LARGE, BODY_TOO_SLOW, SPOOL_FAILED; nothing is left then.
   */
  async receiveRequest(request: IncomingMessage, sizeBytes: number | undefined): Promise<ReceivedBody> {
    this.checkSize(sizeBytes)
    if (sizeBytes !== undefined && this.#takeMemory(sizeBytes)) return this.#collect(request, sizeBytes)
    return this.#receive(this.#parts(request), sizeBytes)
  }

  /** Bytes are used as they are, not copied. Throws as receiveRequest(), and what `source` throws. */
  async receiveFrom(
    source: Uint8Array | AsyncIterable<Uint8Array>,
    sizeBytes: number | undefined,
  ): Promise<ReceivedBody> {
    if (!(source instanceof Uint8Array)) {
      this.checkSize(sizeBytes)
      return this.#receive(source, sizeBytes)
    }
    this.checkSize(source.byteLength)
    if (sizeBytes !== undefined && sizeBytes !== source.byteLength)
      throw mismatch(sizeBytes, source.byteLength)
    const body = Buffer.from(source.buffer, source.byteOffset, source.byteLength)
    return { sizeBytes: body.length, body, checksum: formatChecksum(crc32(body)), release: () => undefined }
  }

  /** Throws LENGTH_REQUIRED, BLOB_TOO_LARGE. */
  checkSize(sizeBytes: number | undefined): void {
    if (sizeBytes === 0) throw new ClusterError('LENGTH_REQUIRED', 'A blob must have at least one byte')
    if (sizeBytes !== undefined && sizeBytes > this.#limits.blobBytesMax) throw this.#tooLarge()
  }

  #tooLarge(): ClusterError {
    return new ClusterError('BLOB_TOO_LARGE', `A blob may have ${this.#limits.blobBytesMax} bytes`)
  }

  #takeMemory(bytes: number): boolean {
    const { memoryBodyBytesMax, bodyMemoryBytesMax } = this.#limits
    if (bytes > memoryBodyBytesMax || this.#memoryBytes + bytes > bodyMemoryBytesMax) return false
    this.#memoryBytes += bytes
    return true
  }

  /** A body that announced its length and whose memory is taken: by events, which cost less than an iterator. */
  #collect(request: IncomingMessage, sizeBytes: number): Promise<ReceivedBody> {
    return new Promise((resolve, reject) => {
      const parts: Buffer[] = []
      let receivedBytes = 0
      let settled = false
      const fail = (error: Error) => {
        if (settled) return
        settled = true
        watched.stop()
        parts.length = 0
        this.#memoryBytes -= sizeBytes
        reject(error)
      }
      const watched = this.#rate.watch(fail)
      request.on('data', (part: Buffer) => {
        if (settled) return
        receivedBytes += part.length
        watched.add(part.length)
        parts.push(part)
      })
      request.on('end', () => {
        if (settled) return
        settled = true
        watched.stop()
        const body = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
        resolve({
          sizeBytes,
          body,
          checksum: formatChecksum(crc32(body)),
          release: this.#releaserOf(sizeBytes, undefined),
        })
      })
      // node:http ends a body only when all that was announced has come.
      const cutShort = () => {
        if (!settled) fail(mismatch(sizeBytes, receivedBytes))
      }
      request.on('error', cutShort)
      request.on('close', cutShort)
      if (request.destroyed) cutShort()
    })
  }

  async #receive(source: AsyncIterable<Uint8Array>, sizeBytes: number | undefined): Promise<ReceivedBody> {
    const { memoryBodyBytesMax, blobBytesMax } = this.#limits
    const mayHold = (sizeBytes ?? 0) <= memoryBodyBytesMax && this.#takeMemory(memoryBodyBytesMax)
    const chargedBytes = mayHold ? memoryBodyBytesMax : 0
    let held: Uint8Array[] = []
    let receivedBytes = 0
    let sum = 0
    let spool: SpoolFile | undefined
    try {
      for await (const part of source) {
        receivedBytes += part.byteLength
        if (receivedBytes > blobBytesMax) throw this.#tooLarge()
        sum = crc32(part, sum)
        if (spool === undefined && receivedBytes <= chargedBytes) {
          held.push(part)
          continue
        }
        if (spool === undefined) {
          spool = await SpoolFile.create(this.#spoolDirectory)
          this.#spoolFiles++
        }
        for (const bytes of [...held, part]) await spool.append(bytes)
        held = []
      }
      if (receivedBytes === 0) throw new ClusterError('LENGTH_REQUIRED', 'A blob must have at least one byte')
      if (sizeBytes !== undefined && sizeBytes !== receivedBytes) throw mismatch(sizeBytes, receivedBytes)
    } catch (error) {
      this.#releaserOf(chargedBytes, spool)()
      throw error
    }
    const whole = spool
    const body = whole === undefined ? Buffer.concat(held) : () => whole.read()
    const release = this.#releaserOf(chargedBytes, spool)
    return { sizeBytes: receivedBytes, body, checksum: formatChecksum(sum), release }
  }

  #releaserOf(chargedBytes: number, spool: SpoolFile | undefined): () => void {
    let released = false
    return () => {
      if (released) return
      released = true
      this.#memoryBytes -= chargedBytes
      if (spool === undefined) return
      this.#spoolFiles--
      void spool.close()
    }
  }

  /**
   * The parts of a request's body as they come. Throws LENGTH_MISMATCH or BODY_TOO_SLOW and leaves the request open then,
   * so that it can still be answered.
   */
  async *#parts(request: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
    let receivedBytes = 0
    let fail: ((error: Error) => void) | undefined
    const watch = () =>
      this.#rate.watch((error) => {
        // It is said once. While a part is written here, the client is not to blame: it is watched anew.
        if (fail === undefined) watched = watch()
        else fail(error)
      })
    let watched: WatchedBody = watch()
    const parts = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer, void>
    try {
      while (true) {
        const next = await new Promise<IteratorResult<Buffer, void>>((resolve, reject) => {
          fail = reject
          parts.next().then(resolve, reject)
        })
        fail = undefined
        if (next.done === true) return
        receivedBytes += next.value.length
        watched.add(next.value.length)
        yield next.value
      }
    } catch (cause) {
      if (isClusterError(cause)) throw cause
      throw new ClusterError('LENGTH_MISMATCH', `The upload ended after ${receivedBytes} bytes`, { cause })
    } finally {
      watched.stop()
    }
  }
}

function formatChecksum(checksum: number): string {
  return checksum.toString(16).padStart(8, '0')
}

function mismatch(announced: number, received: number): ClusterError {
  return new ClusterError('LENGTH_MISMATCH', `${announced} bytes were announced, ${received} came`)
}
