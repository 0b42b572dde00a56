// Imports one blob: left alone when it is there already, read once when it is small.
import { crc32 } from 'node:zlib'
import { StoreError } from '../errors.js'
import { wholeChecksumBytesMax } from '../needle/needle-format.js'
import type { ImportItem } from './import-source.js'
import type { ImportTarget } from './import-target.js'

export interface ImportedBlob {
  /** 'kept': another blob has the name, and was to be kept. */
  readonly outcome: 'imported' | 'present' | 'kept'
  /** CRC-32 of the source's bytes; undefined when they were not read. */
  readonly checksum: number | undefined
}

/** Throws what source or target throw; LENGTH_MISMATCH when the source is not as long as it was said to be. */
export async function importBlob(
  item: ImportItem,
  { target, keep, signal }: { target: ImportTarget; keep: boolean; signal: AbortSignal },
): Promise<ImportedBlob> {
  const small = item.sizeBytes <= wholeChecksumBytesMax ? await readWhole(item) : undefined
  const present = await target.head(item.name)
  if (present?.sizeBytes === item.sizeBytes) {
    const checksum = small === undefined ? await checksumOf(item.open(), signal) : crc32(small)
    if (checksum === present.checksum) return { outcome: 'present', checksum }
  }
  if (present !== undefined && keep) return { outcome: 'kept', checksum: undefined }
  let checksum = 0
  const put = { name: item.name, sizeBytes: item.sizeBytes, contentType: item.contentType, signal }
  try {
    const stored = await target.put({
      ...put,
      onlyNew: keep,
      open() {
        if (small !== undefined) {
          checksum = crc32(small)
          return small
        }
        checksum = 0
        return tap(item.open(), (bytes) => {
          signal.throwIfAborted()
          checksum = crc32(bytes, checksum)
        })
      },
    })
    if (stored !== checksum)
      throw new StoreError('BLOB_DAMAGED', 'The stored blob does not have the checksum of its source')
  } catch (error) {
    if (keep && error instanceof StoreError && error.code === 'PRECONDITION_FAILED') {
      return { outcome: 'kept', checksum: undefined }
    }
    throw error
  }
  return { outcome: 'imported', checksum }
}

/** Whether the blob stored under the item's name has exactly its bytes; both are read anew. */
export async function verifyBlob(item: ImportItem, target: ImportTarget): Promise<boolean> {
  const stored = target.read(item.name)[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  try {
    for await (let wanted of item.open()) {
      while (wanted.length > 0) {
        if (rest.length === 0) {
          const next = await stored.next()
          if (next.done === true) return false
          rest = next.value
        }
        const length = Math.min(rest.length, wanted.length)
        if (!rest.subarray(0, length).equals(wanted.subarray(0, length))) return false
        rest = rest.subarray(length)
        wanted = wanted.subarray(length)
      }
    }
    return rest.length === 0 && (await stored.next()).done === true
  } finally {
    await stored.return?.()
  }
}

async function readWhole(item: ImportItem): Promise<Buffer> {
  const parts: Buffer[] = []
  let sizeBytes = 0
  for await (const part of item.open()) {
    parts.push(part)
    sizeBytes += part.length
    if (sizeBytes > item.sizeBytes) break
  }
  if (sizeBytes !== item.sizeBytes) {
    throw new StoreError(
      'LENGTH_MISMATCH',
      `It had ${item.sizeBytes} bytes when it was found, and now has not`,
    )
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
}

async function checksumOf(source: AsyncIterable<Buffer>, signal: AbortSignal): Promise<number> {
  let checksum = 0
  for await (const bytes of source) {
    signal.throwIfAborted()
    checksum = crc32(bytes, checksum)
  }
  return checksum
}

async function* tap(
  source: AsyncIterable<Buffer>,
  see: (bytes: Buffer) => void,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const bytes of source) {
    see(bytes)
    yield bytes
  }
}
