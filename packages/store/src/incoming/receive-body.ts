// Receives a body whole: in memory up to 1 MiB, in a file of `incoming/` above.
import { crc32 } from 'node:zlib'
import type { DiskFile, DiskFiles } from '../disk/disk-files.js'
import { StoreError } from '../errors.js'
import { chunkBytes, wholeChecksumBytesMax } from '../needle/needle-format.js'
import { IncomingFile } from './incoming-file.js'
import type { MemoryBudget } from './memory-budget.js'

/** What a body under way in a file is charged for: a chunk being gathered and one being written. */
const streamBytes = 2 * chunkBytes

/**
 * Where a body comes from. A function is called once there is memory for the announced bytes and gives all of them:
 * for bodies up to 1 MiB that should not be received before their turn.
 */
export type BodySource = Uint8Array | AsyncIterable<Uint8Array> | (() => Promise<Uint8Array>)

/** A received body; release() gives its memory back and removes its file. */
export interface ReceivedBody {
  readonly data: readonly Buffer[] | DiskFile
  readonly dataLength: number
  readonly dataChecksum: number
  readonly chunkChecksums: readonly number[]
  release(): Promise<void> | void
}

export interface ReceiveOptions {
  readonly files: DiskFiles
  readonly directory: string
  readonly budget: MemoryBudget
  readonly blobBytesMax: number
  /** Names the file. */
  readonly id: number
  /** What the sender announced; any other length is LENGTH_MISMATCH. */
  readonly sizeBytes: number | undefined
  readonly signal: AbortSignal | undefined
}

/** Throws BLOB_TOO_LARGE, LENGTH_MISMATCH, LENGTH_REQUIRED (empty), STORE_BUSY, DISK_FULL, ABORTED; leaves nothing then. */
export async function receiveBody(source: BodySource, options: ReceiveOptions): Promise<ReceivedBody> {
  const { budget, sizeBytes, blobBytesMax } = options
  const announced = source instanceof Uint8Array ? source.byteLength : sizeBytes
  if (announced === 0) throw new StoreError('LENGTH_REQUIRED', 'A blob must have at least one byte')
  if (announced !== undefined && announced > blobBytesMax) {
    throw new StoreError('BLOB_TOO_LARGE', `A blob may have ${blobBytesMax} bytes, this one has ${announced}`)
  }
  const small = announced !== undefined && announced <= wholeChecksumBytesMax
  const chargedBytes = small ? announced : wholeChecksumBytesMax + streamBytes
  if (!budget.tryTake(chargedBytes)) await budget.take(chargedBytes)
  const charge = new Charge(budget, chargedBytes)
  try {
    const given = typeof source === 'function' ? await source() : source
    if (!(given instanceof Uint8Array)) return await receiveStream(given, charge, options)
    if (sizeBytes !== undefined && given.byteLength !== sizeBytes) {
      throw new StoreError('LENGTH_MISMATCH', `${sizeBytes} bytes were announced, ${given.byteLength} given`)
    }
    return small ? inMemory([toBuffer(given)], charge) : await receiveStream([given], charge, options)
  } catch (error) {
    charge.release()
    throw error
  }
}

class Charge {
  readonly #budget: MemoryBudget
  #bytes: number

  constructor(budget: MemoryBudget, bytes: number) {
    this.#budget = budget
    this.#bytes = bytes
  }

  shrinkTo(bytes: number): void {
    this.#budget.release(this.#bytes - bytes)
    this.#bytes = bytes
  }

  release(): void {
    this.shrinkTo(0)
  }
}

async function receiveStream(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  charge: Charge,
  options: ReceiveOptions,
): Promise<ReceivedBody> {
  const { sizeBytes, signal, files, directory, id, blobBytesMax } = options
  let held: Buffer[] = []
  let receivedBytes = 0
  let spill: IncomingFile | undefined
  try {
    for await (const part of source) {
      if (signal?.aborted === true)
        throw new StoreError('ABORTED', 'The upload was given up', { cause: signal.reason })
      receivedBytes += part.byteLength
      if (sizeBytes !== undefined && receivedBytes > sizeBytes) break
      held.push(toBuffer(part))
      if (
        spill === undefined &&
        (receivedBytes > wholeChecksumBytesMax || (sizeBytes ?? 0) > wholeChecksumBytesMax)
      ) {
        spill = await IncomingFile.create(files, directory, { id, bytesMax: blobBytesMax })
        charge.shrinkTo(streamBytes)
      }
      if (spill !== undefined) {
        for (const bytes of held) await spill.add(bytes)
        held = []
      }
    }
    if (signal?.aborted === true)
      throw new StoreError('ABORTED', 'The upload was given up', { cause: signal.reason })
    if (sizeBytes !== undefined && receivedBytes !== sizeBytes) {
      throw new StoreError('LENGTH_MISMATCH', `${sizeBytes} bytes were announced, ${receivedBytes} came`)
    }
    if (receivedBytes === 0) throw new StoreError('LENGTH_REQUIRED', 'A blob must have at least one byte')
    if (spill === undefined) {
      charge.shrinkTo(receivedBytes)
      return inMemory(held, charge)
    }
    const whole = spill
    const sums = await whole.finish()
    return {
      data: whole.file,
      ...sums,
      async release() {
        charge.release()
        await whole.discard()
      },
    }
  } catch (error) {
    await spill?.discard()
    throw error
  }
}

function inMemory(data: readonly Buffer[], charge: Charge): ReceivedBody {
  let dataLength = 0
  let dataChecksum = 0
  for (const part of data) {
    dataLength += part.length
    dataChecksum = crc32(part, dataChecksum)
  }
  return { data, dataLength, dataChecksum, chunkChecksums: [], release: () => charge.release() }
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
