import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  blockHeaderBytes,
  decodeIndexHeader,
  encodeBlock,
  encodeIndexHeader,
  encodeRecord,
  IndexCursor,
  indexHeaderBytes,
  type IndexRecord,
  readBlock,
} from '../../src/index/index-format.js'
import { needleLength } from '../../src/needle/needle-format.js'

const salt = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
const superblock = { volumeId: 7, salt, createdAtMs: 0, storeId: 513 }
const record: IndexRecord = {
  offsetBytes: 64,
  lengthBytes: 64,
  version: 0x0001_9012_3456_2a34n,
  tombstone: false,
  damage: false,
  dataLength: 5,
  dataChecksum: crc32('meow!'),
  contentTypeLength: 10,
  name: Buffer.from('cats/1.jpg'),
}
const damage: IndexRecord = {
  ...record,
  offsetBytes: 128,
  lengthBytes: 3_000_000_000,
  version: 0n,
  damage: true,
  dataLength: 0,
  dataChecksum: 0,
  contentTypeLength: 0,
  name: Buffer.alloc(0),
}
const goldenHeader = '4250494e444558310700000001020000000102030405060708090a0b0c0d0e0f00000000005260f5'
const goldenBlock =
  '4950424b0a8f1e073a00000002000000805ed0b200000000342a5634129001000800000005000000a230e4c4' +
  '0a000a00636174732f312e6a7067000000000000000010000000c00b5a160000000000000002'

function recordsIn(bytes: Buffer): IndexRecord[] | undefined {
  const block = readBlock(bytes, 0)
  if (block === undefined || block === 'incomplete') return undefined
  const cursor = new IndexCursor()
  cursor.bytes = bytes
  cursor.at = block.start
  return Array.from({ length: block.records }, () => {
    const read = cursor.record()
    cursor.at = cursor.nameEnd
    return read
  })
}

test('an index header has exactly these bytes and reads back', () => {
  expect(encodeIndexHeader(superblock).toString('hex')).toBe(goldenHeader)
  expect(decodeIndexHeader(Buffer.from(goldenHeader, 'hex'))).toEqual(superblock)
})

test('a block has exactly these bytes and reads back', () => {
  const bytes = encodeBlock([encodeRecord(record), encodeRecord(damage)], 3_000_000_128)
  expect(bytes.toString('hex')).toBe(goldenBlock)
  expect(recordsIn(Buffer.from(goldenBlock, 'hex'))).toEqual([record, damage])
  expect(readBlock(bytes, 0)).toEqual({
    start: blockHeaderBytes,
    end: bytes.length,
    records: 2,
    coversToBytes: 3_000_000_128,
  })
})

test('no truncation and no flipped bit of an index header is accepted', () => {
  const bytes = Buffer.from(goldenHeader, 'hex')
  for (let length = 0; length < indexHeaderBytes; length++) {
    expect(decodeIndexHeader(bytes.subarray(0, length))).toBeUndefined()
  }
  for (let bit = 0; bit < indexHeaderBytes * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    expect(decodeIndexHeader(flipped), `bit ${bit}`).toBeUndefined()
  }
})

test('no truncation and no flipped bit of a block is accepted', () => {
  const bytes = Buffer.from(goldenBlock, 'hex')
  for (let length = 0; length < bytes.length; length++) {
    expect(readBlock(bytes.subarray(0, length), 0), `${length} bytes`).toBe('incomplete')
  }
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    expect(recordsIn(flipped), `bit ${bit}`).toBeUndefined()
  }
})

test('any records read back as they were written, in order', () => {
  const anyRecord = fc
    .record({
      slot: fc.integer({ min: 8, max: 2 ** 29 - 1 }),
      version: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      tombstone: fc.boolean(),
      dataLength: fc.integer({ min: 0, max: 2 ** 30 }),
      dataChecksum: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      contentTypeLength: fc.integer({ min: 0, max: 255 }),
      name: fc.uint8Array({ minLength: 1, maxLength: 1024 }),
    })
    .map(({ slot, name, ...rest }) => ({
      ...rest,
      damage: false,
      offsetBytes: slot * 8,
      lengthBytes: needleLength({ ...rest, nameLength: name.length }),
      name: Buffer.from(name),
    }))
  const result = fc.check(
    fc.property(fc.array(anyRecord, { maxLength: 20 }), fc.integer({ min: 64 }), (records, coversToBytes) => {
      const bytes = encodeBlock(records.map(encodeRecord), coversToBytes)
      expect(recordsIn(bytes)).toEqual(records)
      expect(readBlock(bytes, 0)).toMatchObject({ coversToBytes })
    }),
  )
  console.log(`index round trip: seed ${result.seed}, ${result.numRuns} runs`)
  expect(result.failed, fc.defaultReportMessage(result) ?? '').toBe(false)
})
