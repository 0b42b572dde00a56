// The bytes of a needle: a blob's record in a volume. No I/O here; docs/formats/volume.md shows a worked example.
//
//  0 u32 magic            16 u32 data length       26 u8 content type length
//  4 u32 header checksum  20 u32 data checksum     27 u8 flags
//  8 u64 version          24 u16 name length       28 u8 format version, then 3 zero bytes
// 32 name, content type, chunk checksums (u32 each, chunked only), data, zeros up to a multiple of 8
//
// The header checksum is a CRC-32 over the volume's salt, the needle's own offset and everything from byte 8 up to
// the data, so that needle bytes inside an uploaded file are never taken for a needle.
import { crc32 } from 'node:zlib'
import { nameBytesMax } from './blob-name.js'

export const needleAlignBytes = 8
export const needleHeaderBytes = 32
export const needleMagic = 0x4c44_454e // "NEDL"
export const needleFormatVersion = 1
export const blobBytesMax = 2 ** 30
export const contentTypeBytesMax = 255
/** Data larger than this has a checksum per chunk, so that ranges of it can be verified. */
export const wholeChecksumBytesMax = 2 ** 20
export const chunkBytes = 256 * 1024
/** The most bytes that can stand before a needle's data. */
export const needlePrefixBytesMax =
  needleHeaderBytes + nameBytesMax + contentTypeBytesMax + (blobBytesMax / chunkBytes) * 4

const flagTombstone = 1
const flagChunked = 2

export interface NeedleFields {
  readonly name: Uint8Array
  readonly contentType: Uint8Array
  readonly version: bigint
  readonly tombstone: boolean
  readonly dataLength: number
  /** CRC-32 of all data. */
  readonly dataChecksum: number
  /** One CRC-32 per chunk when dataLength > wholeChecksumBytesMax, else empty. */
  readonly chunkChecksums: readonly number[]
}

/** A header read from disk. The version is split in two because a BigInt costs too much on every GET. */
export interface NeedleHeader {
  readonly versionHigh: number
  readonly versionLow: number
  readonly dataLength: number
  readonly dataChecksum: number
  readonly nameLength: number
  readonly contentTypeLength: number
  readonly tombstone: boolean
  /** Bytes from the needle's start to its data. */
  readonly prefixBytes: number
}

/** Why bytes are no needle, in the order in which they are validated. */
export type NeedleFault = 'magic' | 'format' | 'length' | 'truncated' | 'checksum'

/** CRC-32 state that starts every header checksum of a volume. */
export function volumeSeed(salt: Uint8Array): number {
  return crc32(salt)
}

export function chunkCount(dataLength: number): number {
  return dataLength > wholeChecksumBytesMax ? Math.ceil(dataLength / chunkBytes) : 0
}

function alignNeedle(lengthBytes: number): number {
  return (lengthBytes + needleAlignBytes - 1) & ~(needleAlignBytes - 1)
}

/** Bytes that a needle takes in its volume, padding included. */
export function needleLength(sizes: {
  nameLength: number
  contentTypeLength: number
  dataLength: number
}): number {
  const { nameLength, contentTypeLength, dataLength } = sizes
  return alignNeedle(
    needleHeaderBytes + nameLength + contentTypeLength + chunkCount(dataLength) * 4 + dataLength,
  )
}

/** Zero bytes that follow the data of a needle whose prefix and data take `lengthBytes`. */
export function paddingLength(lengthBytes: number): number {
  return alignNeedle(lengthBytes) - lengthBytes
}

/** Everything of a needle that stands before its data, for the place `offsetBytes` of the volume with this seed. */
export function encodeNeedlePrefix(
  fields: NeedleFields,
  { seed, offsetBytes }: { seed: number; offsetBytes: number },
): Buffer {
  const { name, contentType, chunkChecksums } = fields
  const prefix = Buffer.allocUnsafe(
    needleHeaderBytes + name.length + contentType.length + chunkChecksums.length * 4,
  )
  prefix.writeUInt32LE(needleMagic, 0)
  prefix.writeBigUInt64LE(fields.version, 8)
  prefix.writeUInt32LE(fields.dataLength, 16)
  prefix.writeUInt32LE(fields.dataChecksum, 20)
  prefix.writeUInt16LE(name.length, 24)
  prefix.writeUInt8(contentType.length, 26)
  prefix.writeUInt8(
    (fields.tombstone ? flagTombstone : 0) | (chunkChecksums.length > 0 ? flagChunked : 0),
    27,
  )
  prefix.writeUInt32LE(needleFormatVersion, 28)
  prefix.set(name, needleHeaderBytes)
  prefix.set(contentType, needleHeaderBytes + name.length)
  let at = needleHeaderBytes + name.length + contentType.length
  for (const checksum of chunkChecksums) at = prefix.writeUInt32LE(checksum, at)
  prefix.writeUInt32LE(crc32(prefix.subarray(8), placeSeed(seed, offsetBytes)), 4)
  return prefix
}

/** Reads and verifies the prefix of a needle at `at` in `bytes`, which stands at `offsetBytes` of its volume. */
export function readNeedleHeader(
  bytes: Buffer,
  at: number,
  { seed, offsetBytes }: { seed: number; offsetBytes: number },
): NeedleHeader | NeedleFault {
  if (bytes.length - at < needleHeaderBytes) return 'truncated'
  if (bytes.readUInt32LE(at) !== needleMagic) return 'magic'
  if (bytes.readUInt32LE(at + 28) !== needleFormatVersion) return 'format'
  const dataLength = bytes.readUInt32LE(at + 16)
  const nameLength = bytes.readUInt16LE(at + 24)
  const contentTypeLength = bytes.readUInt8(at + 26)
  const flags = bytes.readUInt8(at + 27)
  if (dataLength > blobBytesMax || nameLength === 0 || nameLength > nameBytesMax) return 'length'
  if (flags > (flagTombstone | flagChunked)) return 'format'
  const chunks = chunkCount(dataLength)
  if (chunks > 0 !== ((flags & flagChunked) !== 0)) return 'length'
  const prefixBytes = needleHeaderBytes + nameLength + contentTypeLength + chunks * 4
  if (bytes.length - at < prefixBytes) return 'truncated'
  const checksum = crc32(bytes.subarray(at + 8, at + prefixBytes), placeSeed(seed, offsetBytes))
  if (checksum !== bytes.readUInt32LE(at + 4)) return 'checksum'
  return {
    versionLow: bytes.readUInt32LE(at + 8),
    versionHigh: bytes.readUInt32LE(at + 12),
    dataLength,
    dataChecksum: bytes.readUInt32LE(at + 20),
    nameLength,
    contentTypeLength,
    tombstone: (flags & flagTombstone) !== 0,
    prefixBytes,
  }
}

export function headerVersion(header: { versionHigh: number; versionLow: number }): bigint {
  return (BigInt(header.versionHigh) << 32n) | BigInt(header.versionLow)
}

/** The checksum of chunk `chunk` out of a verified prefix that starts at `at` in `bytes`. */
export function chunkChecksum(bytes: Buffer, at: number, header: NeedleHeader, chunk: number): number {
  return bytes.readUInt32LE(at + needleHeaderBytes + header.nameLength + header.contentTypeLength + chunk * 4)
}

const placeBytes = Buffer.alloc(8)

function placeSeed(seed: number, offsetBytes: number): number {
  placeBytes.writeUInt32LE(offsetBytes, 0)
  return crc32(placeBytes, seed)
}
