// Reads needles back and verifies them: no byte leaves the store before its checksum was compared.
import { crc32 } from 'node:zlib'
import { readFully } from '../disk/whole-io.js'
import type { KeyMapEntry } from '../key-map/key-map.js'
import { sizeClassOf, sizeOfClass } from '../key-map/size-class.js'
import {
  chunkBytes,
  chunkChecksum,
  chunkCount,
  headerVersion,
  type NeedleFault,
  type NeedleHeader,
  needleHeaderBytes,
  needlePrefixBytesMax,
  readNeedleHeader,
  wholeChecksumBytesMax,
} from '../needle/needle-format.js'
import type { VolumeFile } from './volume-file.js'

const prefixGuessBytes = 1536
/** A key map may round lengths up to their size class: the longest needle without chunks must still be below. */
const wholeReadBytesMax = sizeOfClass(sizeClassOf(wholeChecksumBytesMax + prefixGuessBytes))

/** A verified header with the bytes it came from: the prefix, and all data when `dataVerified`. */
export interface NeedleRead {
  readonly header: NeedleHeader
  readonly bytes: Buffer
  readonly dataVerified: boolean
}

export type ReadFault = NeedleFault | 'name' | 'data' | 'past-end'

/** Whether a needle of this length is read, verified and held whole. */
export function isReadWhole(lengthBytes: number): boolean {
  return lengthBytes <= wholeReadBytesMax
}

/**
 * The needle of `name` at `entry`. With `withData` the data of blobs up to 1 MiB is read in the same system call
 * and verified. 'name' means that another name's needle stands there; with `name` undefined any needle will do.
 */
export async function readNeedle(
  volume: VolumeFile,
  entry: KeyMapEntry,
  { name, withData }: { name: Buffer | undefined; withData: boolean },
): Promise<NeedleRead | ReadFault> {
  if (entry.offsetBytes >= volume.committedBytes) return 'past-end'
  const whole = withData && isReadWhole(entry.lengthBytes)
  const first = await readPart(
    volume,
    entry,
    whole ? entry.lengthBytes : Math.min(entry.lengthBytes, prefixGuessBytes),
  )
  let bytes = first
  let header = readNeedleHeader(bytes, 0, { seed: volume.seed, offsetBytes: entry.offsetBytes })
  if (header === 'truncated') {
    bytes = await readPart(volume, entry, Math.min(entry.lengthBytes, needlePrefixBytesMax))
    header = readNeedleHeader(bytes, 0, { seed: volume.seed, offsetBytes: entry.offsetBytes })
  }
  if (typeof header === 'string') return header
  if (name !== undefined && !isNameOf(bytes, 0, header, name)) return 'name'
  if (!whole) return { header, bytes, dataVerified: header.dataLength === 0 }
  return dataMatches(bytes, 0, header) ? { header, bytes, dataVerified: true } : 'data'
}

async function readPart(volume: VolumeFile, entry: KeyMapEntry, lengthBytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(lengthBytes)
  return buffer.subarray(0, await readFully(volume.file, buffer, entry.offsetBytes))
}

export function isNameOf(bytes: Buffer, at: number, header: NeedleHeader, name: Buffer): boolean {
  const start = at + needleHeaderBytes
  return header.nameLength === name.length && name.compare(bytes, start, start + header.nameLength) === 0
}

/** Whether the data behind a verified prefix at `at` is all there and has the header's checksum. */
export function dataMatches(bytes: Buffer, at: number, header: NeedleHeader): boolean {
  const start = at + header.prefixBytes
  const data = bytes.subarray(start, start + header.dataLength)
  return data.length === header.dataLength && crc32(data) === header.dataChecksum
}

export function contentTypeOf({ bytes, header }: NeedleRead): string {
  const start = needleHeaderBytes + header.nameLength
  return bytes.toString('latin1', start, start + header.contentTypeLength)
}

export function nameOf({ bytes, header }: NeedleRead): Buffer {
  return bytes.subarray(needleHeaderBytes, needleHeaderBytes + header.nameLength)
}

export function rankOf({ header }: NeedleRead) {
  return { version: headerVersion(header), tombstone: header.tombstone, dataChecksum: header.dataChecksum }
}

/** First and last byte wanted, both included. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** The bytes of a range, piece by piece, each verified before it is yielded; 'data' on damage. */
export async function* readChunks(
  volume: VolumeFile,
  { entry, needle, range }: { entry: KeyMapEntry; needle: NeedleRead; range: ByteRange },
): AsyncGenerator<Buffer | 'data', void, undefined> {
  const { header, bytes } = needle
  const dataStart = entry.offsetBytes + header.prefixBytes
  const chunked = chunkCount(header.dataLength) > 0
  const pieceBytes = chunked ? chunkBytes : header.dataLength
  const lastChunk = Math.floor(range.end / pieceBytes)
  for (let chunk = Math.floor(range.start / pieceBytes); chunk <= lastChunk; chunk++) {
    const chunkStart = chunk * pieceBytes
    const length = Math.min(pieceBytes, header.dataLength - chunkStart)
    const buffer = Buffer.allocUnsafe(length)
    const read = await readFully(volume.file, buffer, dataStart + chunkStart)
    const checksum = chunked ? chunkChecksum(bytes, 0, header, chunk) : header.dataChecksum
    if (read < length || crc32(buffer) !== checksum) {
      yield 'data'
      return
    }
    yield buffer.subarray(Math.max(0, range.start - chunkStart), Math.min(length, range.end + 1 - chunkStart))
  }
}
