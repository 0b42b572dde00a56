// A found blob, ready to be read: whole when it is small, chunk by chunk when it is large.
import { Readable } from 'node:stream'
import type { BlobInfo } from './blob-info.js'
import { StoreError } from './errors.js'
import type { MemoryBudget } from './incoming/memory-budget.js'
import { chunkBytes } from './needle/needle-format.js'
import type { FoundNeedle } from './volume/blob-finder.js'
import { type ByteRange, readChunks } from './volume/needle-reader.js'

/** What a download of a large blob is charged for: the chunk being read and the one being sent. */
const downloadBytes = 2 * chunkBytes

export class BlobHandle {
  readonly info: BlobInfo
  /** The blob was deleted; there is nothing to read. */
  readonly deleted: boolean
  readonly #found: FoundNeedle
  readonly #budget: MemoryBudget
  readonly #onDamage: () => void

  constructor(
    info: BlobInfo,
    found: FoundNeedle,
    { budget, onDamage }: { budget: MemoryBudget; onDamage: () => void },
  ) {
    this.info = info
    this.deleted = found.needle.header.tombstone
    this.#found = found
    this.#budget = budget
    this.#onDamage = onDamage
  }

  /** All data, verified, when the blob is at most 1 MiB and was opened with its data; else undefined. */
  get data(): Buffer | undefined {
    const { bytes, header, dataVerified } = this.#found.needle
    return dataVerified
      ? bytes.subarray(header.prefixBytes, header.prefixBytes + header.dataLength)
      : undefined
  }

  /**
   * The bytes of a range (first and last byte included; everything without one), each chunk verified before it is
   * yielded. Throws RANGE_INVALID, BLOB_DAMAGED (nothing wrong was yielded before), STORE_BUSY, STORE_CLOSED.
   */
  async *read(
    range: ByteRange = { start: 0, end: this.info.sizeBytes - 1 },
  ): AsyncGenerator<Buffer, void, undefined> {
    checkRange(range, this.info.sizeBytes)
    const data = this.data
    if (data !== undefined) {
      yield data.subarray(range.start, range.end + 1)
      return
    }
    const { volume, entry, needle } = this.#found
    if (!volume.file.acquire()) throw new StoreError('STORE_CLOSED', 'The store is closed')
    try {
      if (!this.#budget.tryTake(downloadBytes)) await this.#budget.take(downloadBytes)
      try {
        for await (const chunk of readChunks(volume.file, { entry, needle, range })) {
          if (chunk === 'data') throw this.#damaged()
          yield chunk
        }
      } finally {
        this.#budget.release(downloadBytes)
      }
    } finally {
      volume.file.release()
    }
  }

  /** As read(), as a Node stream; destroying it lets go of the blob. */
  stream(range?: ByteRange): Readable {
    return Readable.from(this.read(range), { objectMode: false, highWaterMark: 1 })
  }

  #damaged(): StoreError {
    this.#onDamage()
    return new StoreError('BLOB_DAMAGED', 'A chunk of the blob does not have its checksum', {
      location: this.info.location,
    })
  }
}

export function checkRange({ start, end }: ByteRange, sizeBytes: number): void {
  const whole = Number.isInteger(start) && Number.isInteger(end)
  if (whole && start >= 0 && end >= start && end < sizeBytes) return
  throw new StoreError('RANGE_INVALID', `Bytes ${start} to ${end} are not in a blob of ${sizeBytes} bytes`, {
    sizeBytes,
  })
}
