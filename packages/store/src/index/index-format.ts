// The bytes of an index log. No I/O here; docs/formats/index.md shows a worked example.
//
// Header (40 bytes): "BPINDEX1", then bytes 8..39 hold u32 volume id, u32 store id, salt (16 bytes),
//   u32 zero, u32 CRC-32 of bytes 0..35. It repeats the volume's superblock and can stand in for it.
// Block: u32 magic, u32 CRC-32 of everything after it, u32 payload bytes, u32 records, u64 volume offset up to which
//   the log is complete once this block is read; then the records.
// Record: u64 version, u32 offset / 8, u32 data length (damage: length / 8), u32 data checksum, u16 name length,
//   u8 content type length, u8 flags, name. Packed, no padding.
import { crc32 } from 'node:zlib'
import { needleAlignBytes, needleLength } from '../needle/needle-format.js'
import type { Superblock } from '../volume/superblock.js'

export const indexHeaderBytes = 40
export const blockHeaderBytes = 24
export const recordHeaderBytes = 24
const magic = 'BPINDEX1'
const blockMagic = 0x4b42_5049 // "IPBK"
const flagTombstone = 1
const flagDamage = 2

/** What the index says of one needle, or of one damaged stretch of a volume (then the name is empty). */
export interface IndexRecord {
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly version: bigint
  readonly tombstone: boolean
  readonly damage: boolean
  readonly dataLength: number
  readonly dataChecksum: number
  readonly contentTypeLength: number
  readonly name: Buffer
}

export function encodeIndexHeader({ volumeId, storeId, salt }: Superblock): Buffer {
  const bytes = Buffer.alloc(indexHeaderBytes)
  bytes.write(magic, 0, 'latin1')
  bytes.writeUInt32LE(volumeId, 8)
  bytes.writeUInt32LE(storeId, 12)
  bytes.set(salt, 16)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 36)), 36)
  return bytes
}

/** Undefined when these bytes are no index header. */
export function decodeIndexHeader(bytes: Buffer): Superblock | undefined {
  if (bytes.length < indexHeaderBytes || bytes.toString('latin1', 0, 8) !== magic) return undefined
  if (crc32(bytes.subarray(0, 36)) !== bytes.readUInt32LE(36)) return undefined
  return {
    volumeId: bytes.readUInt32LE(8),
    storeId: bytes.readUInt32LE(12),
    salt: Buffer.from(bytes.subarray(16, 32)),
    createdAtMs: 0,
  }
}

export function encodeRecord(record: IndexRecord): Buffer {
  const bytes = Buffer.allocUnsafe(recordHeaderBytes + record.name.length)
  bytes.writeBigUInt64LE(record.version, 0)
  bytes.writeUInt32LE(record.offsetBytes / needleAlignBytes, 8)
  bytes.writeUInt32LE(record.damage ? record.lengthBytes / needleAlignBytes : record.dataLength, 12)
  bytes.writeUInt32LE(record.dataChecksum, 16)
  bytes.writeUInt16LE(record.name.length, 20)
  bytes.writeUInt8(record.contentTypeLength, 22)
  bytes.writeUInt8((record.tombstone ? flagTombstone : 0) | (record.damage ? flagDamage : 0), 23)
  bytes.set(record.name, recordHeaderBytes)
  return bytes
}

/** A block of encoded records; `coversToBytes` is the volume offset up to which the log is then complete. */
export function encodeBlock(records: readonly Buffer[], coversToBytes: number): Buffer {
  const payloadBytes = records.reduce((sum, record) => sum + record.length, 0)
  const block = Buffer.concat([Buffer.alloc(blockHeaderBytes), ...records], blockHeaderBytes + payloadBytes)
  block.writeUInt32LE(blockMagic, 0)
  block.writeUInt32LE(payloadBytes, 8)
  block.writeUInt32LE(records.length, 12)
  block.writeBigUInt64LE(BigInt(coversToBytes), 16)
  block.writeUInt32LE(crc32(block.subarray(8)), 4)
  return block
}

export interface IndexBlock {
  /** Where the records begin and end in the bytes given. */
  readonly start: number
  readonly end: number
  readonly records: number
  readonly coversToBytes: number
}

/** The block at `at`, 'incomplete' when it would reach past the bytes, undefined when it is not a valid block. */
export function readBlock(bytes: Buffer, at: number): IndexBlock | 'incomplete' | undefined {
  if (bytes.length - at < blockHeaderBytes) return 'incomplete'
  if (bytes.readUInt32LE(at) !== blockMagic) return undefined
  const start = at + blockHeaderBytes
  const end = start + bytes.readUInt32LE(at + 8)
  if (end > bytes.length) return 'incomplete'
  if (crc32(bytes.subarray(at + 8, end)) !== bytes.readUInt32LE(at + 4)) return undefined
  return {
    start,
    end,
    records: bytes.readUInt32LE(at + 12),
    coversToBytes: Number(bytes.readBigUInt64LE(at + 16)),
  }
}

/**
 * A view that is moved over the records of a block, since five million of them are read at open: nothing is
 * allocated until `record()` is called.
 */
export class IndexCursor {
  bytes: Buffer = Buffer.alloc(0)
  at = 0
  volumeId = 0

  get nameStart(): number {
    return this.at + recordHeaderBytes
  }

  get nameEnd(): number {
    return this.at + recordHeaderBytes + this.bytes.readUInt16LE(this.at + 20)
  }

  get offsetBytes(): number {
    return this.bytes.readUInt32LE(this.at + 8) * needleAlignBytes
  }

  get tombstone(): boolean {
    return (this.bytes.readUInt8(this.at + 23) & flagTombstone) !== 0
  }

  get damage(): boolean {
    return (this.bytes.readUInt8(this.at + 23) & flagDamage) !== 0
  }

  get lengthBytes(): number {
    const length = this.bytes.readUInt32LE(this.at + 12)
    if (this.damage) return length * needleAlignBytes
    return needleLength({
      nameLength: this.bytes.readUInt16LE(this.at + 20),
      contentTypeLength: this.bytes.readUInt8(this.at + 22),
      dataLength: length,
    })
  }

  /** The time part of the version, ms since 1970. */
  get versionMs(): number {
    return this.bytes.readUInt32LE(this.at + 4) * 0x1_0000 + this.bytes.readUInt16LE(this.at + 2)
  }

  /** The version as formatVersion() writes it. */
  get versionHex(): string {
    const high = this.bytes
      .readUInt32LE(this.at + 4)
      .toString(16)
      .padStart(8, '0')
    return high + this.bytes.readUInt32LE(this.at).toString(16).padStart(8, '0')
  }

  /** The version, eight bytes, little-endian. */
  copyVersion(target: Buffer, at: number): void {
    this.bytes.copy(target, at, this.at, this.at + 8)
  }

  get dataChecksum(): number {
    return this.bytes.readUInt32LE(this.at + 16)
  }

  record(): IndexRecord {
    return {
      offsetBytes: this.offsetBytes,
      lengthBytes: this.lengthBytes,
      version: this.bytes.readBigUInt64LE(this.at),
      tombstone: this.tombstone,
      damage: this.damage,
      dataLength: this.damage ? 0 : this.bytes.readUInt32LE(this.at + 12),
      dataChecksum: this.dataChecksum,
      contentTypeLength: this.bytes.readUInt8(this.at + 22),
      name: Buffer.from(this.bytes.subarray(this.nameStart, this.nameEnd)),
    }
  }
}
