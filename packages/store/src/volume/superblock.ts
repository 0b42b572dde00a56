// The first 64 bytes of a volume. No I/O here.
//
//  0 "BPVOLUM1"   8 u32 format version   12 u32 volume id   16 salt (16 bytes)   32 u64 created at, ms
// 40 u32 store id   44 zeros   60 u32 CRC-32 of bytes 0..59
import { crc32 } from 'node:zlib'
import { StoreError } from '../errors.js'

export const superblockBytes = 64
export const saltBytes = 16
const magic = 'BPVOLUM1'
const formatVersion = 1

export interface Superblock {
  readonly volumeId: number
  readonly salt: Buffer
  readonly createdAtMs: number
  readonly storeId: number
}

export function encodeSuperblock({ volumeId, salt, createdAtMs, storeId }: Superblock): Buffer {
  const bytes = Buffer.alloc(superblockBytes)
  bytes.write(magic, 0, 'latin1')
  bytes.writeUInt32LE(formatVersion, 8)
  bytes.writeUInt32LE(volumeId, 12)
  bytes.set(salt, 16)
  bytes.writeBigUInt64LE(BigInt(createdAtMs), 32)
  bytes.writeUInt32LE(storeId, 40)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60)
  return bytes
}

/** Undefined when magic or checksum are wrong; throws FORMAT_UNKNOWN for a version this package does not know. */
export function decodeSuperblock(bytes: Buffer): Superblock | undefined {
  if (bytes.length < superblockBytes || bytes.toString('latin1', 0, 8) !== magic) return undefined
  if (crc32(bytes.subarray(0, 60)) !== bytes.readUInt32LE(60)) return undefined
  const version = bytes.readUInt32LE(8)
  if (version !== formatVersion) {
    throw new StoreError(
      'FORMAT_UNKNOWN',
      `A volume has format version ${version}, this package knows ${formatVersion}`,
    )
  }
  return {
    volumeId: bytes.readUInt32LE(12),
    salt: Buffer.from(bytes.subarray(16, 16 + saltBytes)),
    createdAtMs: Number(bytes.readBigUInt64LE(32)),
    storeId: bytes.readUInt32LE(40),
  }
}
