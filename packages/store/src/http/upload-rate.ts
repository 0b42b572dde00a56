// Watches uploads under way and ends those slower than the minimum rate, so that slow clients cannot hold memory.
import type { IncomingMessage } from 'node:http'
import { StoreError } from '../errors.js'
import type { HttpLimits } from './http-limits.js'

interface Upload {
  bytes: number
  windowBytes: number
  windowEndsMs: number
  fail: (error: Error) => void
}

export class UploadWatch {
  readonly #uploads = new Set<Upload>()
  readonly #limits: HttpLimits
  readonly #timer: NodeJS.Timeout

  constructor(limits: HttpLimits) {
    this.#limits = limits
    this.#timer = setInterval(() => this.#check(), limits.checkEveryMs).unref()
  }

  /** All bytes of a body that announced exactly `sizeBytes`; rejects with LENGTH_MISMATCH or BODY_TOO_SLOW. */
  collect(request: IncomingMessage, sizeBytes: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const parts: Buffer[] = []
      const finish = (error: Error | undefined) => {
        this.#uploads.delete(upload)
        if (error !== undefined) reject(error)
        else resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))
      }
      const upload = this.#begin(finish)
      request.on('data', (part: Buffer) => {
        upload.bytes += part.length
        parts.push(part)
      })
      request.on('end', () => finish(upload.bytes === sizeBytes ? undefined : cutShort(upload.bytes)))
      request.on('error', () => finish(cutShort(upload.bytes)))
      request.on('close', () => {
        if (!request.complete) finish(cutShort(upload.bytes))
      })
      // The client may have gone while its upload waited for memory.
      if (request.destroyed) finish(cutShort(0))
    })
  }

  /**
   * The parts of a body as they come, for those that do not fit into memory. Throws LENGTH_MISMATCH or BODY_TOO_SLOW
   * and leaves the request open then, so that it can still be answered.
   */
  async *parts(request: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
    const upload = this.#begin(() => undefined)
    const parts = request.iterator({ destroyOnReturn: false })
    try {
      while (true) {
        const next = await new Promise<IteratorResult<Buffer, void>>((resolve, reject) => {
          upload.fail = reject
          parts.next().then(resolve, reject)
        })
        if (next.done === true) return
        upload.bytes += next.value.length
        yield next.value
      }
    } catch (cause) {
      if (cause instanceof StoreError) throw cause
      throw cutShort(upload.bytes, cause)
    } finally {
      this.#uploads.delete(upload)
    }
  }

  #begin(fail: (error: Error) => void): Upload {
    const upload = { bytes: 0, windowBytes: 0, windowEndsMs: Date.now() + this.#limits.bodyWindowMs, fail }
    this.#uploads.add(upload)
    return upload
  }

  #check(): void {
    const now = Date.now()
    const { bodyWindowMs, bodyBytesPerSecondMin } = this.#limits
    for (const upload of this.#uploads) {
      if (now < upload.windowEndsMs) continue
      const received = upload.bytes - upload.windowBytes
      if (received < (bodyBytesPerSecondMin * bodyWindowMs) / 1000) {
        upload.fail(
          new StoreError('BODY_TOO_SLOW', `An upload must bring ${bodyBytesPerSecondMin} bytes a second`),
        )
      }
      upload.windowBytes = upload.bytes
      upload.windowEndsMs = now + bodyWindowMs
    }
  }

  close(): void {
    clearInterval(this.#timer)
  }
}

function cutShort(bytes: number, cause?: unknown): StoreError {
  return new StoreError('LENGTH_MISMATCH', `The upload ended after ${bytes} bytes`, { cause })
}
