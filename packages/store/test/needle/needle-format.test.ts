// The bytes of a needle, against a record written down here: a change of the layout shows up as a failing test.
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  chunkBytes,
  chunkChecksum,
  chunkCount,
  contentTypeBytesMax,
  encodeNeedlePrefix,
  headerVersion,
  type NeedleFields,
  needleHeaderBytes,
  needleLength,
  paddingLength,
  readNeedleHeader,
  volumeSeed,
  wholeChecksumBytesMax,
} from '../../src/needle/needle-format.js'
import { dataMatches } from '../../src/volume/needle-reader.js'

const salt = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
const place = { seed: volumeSeed(salt), offsetBytes: 64 }
const goldenNeedle =
  '4e45444c1f140b1d342a56341290010005000000a230e4c40a000a0001000000636174732f312e6a7067696d' +
  '6167652f6a7065676d656f772100000000000000'
const goldenTombstone = '4e45444c7cd88aa0342a563412900100000000000000000001000001010000006100000000000000'

function fieldsOf(data: Buffer, more: Partial<NeedleFields> = {}): NeedleFields {
  const chunkChecksums = Array.from({ length: chunkCount(data.length) }, (_, chunk) =>
    crc32(data.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes)),
  )
  return {
    name: Buffer.from('cats/1.jpg'),
    contentType: Buffer.from('image/jpeg'),
    version: 0x0001_9012_3456_2a34n,
    tombstone: false,
    dataLength: data.length,
    dataChecksum: crc32(data),
    chunkChecksums,
    ...more,
  }
}

function encodeNeedle(fields: NeedleFields, data: Buffer, at = place): Buffer {
  const prefix = encodeNeedlePrefix(fields, at)
  return Buffer.concat([prefix, data, Buffer.alloc(paddingLength(prefix.length + data.length))])
}

/** Whether the bytes would be served: a valid header with all of its data. */
function isAccepted(bytes: Buffer): boolean {
  const header = readNeedleHeader(bytes, 0, place)
  return typeof header !== 'string' && dataMatches(bytes, 0, header)
}

test('a needle has exactly these bytes', () => {
  expect(encodeNeedle(fieldsOf(Buffer.from('meow!')), Buffer.from('meow!')).toString('hex')).toBe(
    goldenNeedle,
  )
})

test('a tombstone has exactly these bytes', () => {
  const fields = fieldsOf(Buffer.alloc(0), {
    name: Buffer.from('a'),
    contentType: Buffer.alloc(0),
    tombstone: true,
  })
  expect(encodeNeedle(fields, Buffer.alloc(0)).toString('hex')).toBe(goldenTombstone)
})

test('the golden bytes read back as the needle they were written from', () => {
  const bytes = Buffer.from(goldenNeedle, 'hex')
  expect(readNeedleHeader(bytes, 0, place)).toEqual({
    versionHigh: 0x0001_9012,
    versionLow: 0x3456_2a34,
    dataLength: 5,
    dataChecksum: crc32('meow!'),
    nameLength: 10,
    contentTypeLength: 10,
    tombstone: false,
    prefixBytes: 52,
  })
  expect(isAccepted(bytes)).toBe(true)
})

test('any needle reads back as it was written, at any place of any volume', () => {
  const result = fc.check(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 1024 }),
      fc.uint8Array({ maxLength: contentTypeBytesMax }),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.boolean(),
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 8, max: 2 ** 29 - 1 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      (name, contentType, version, tombstone, data, slot, otherSalt) => {
        const at = { seed: volumeSeed(otherSalt), offsetBytes: slot * 8 }
        const bytes = Buffer.from(data)
        const fields = fieldsOf(bytes, { name, contentType, version, tombstone })
        const needle = encodeNeedle(fields, bytes, at)
        const header = readNeedleHeader(needle, 0, at)
        if (typeof header === 'string') throw new Error(`not accepted: ${header}`)
        expect(needle.length).toBe(needleLength(header))
        expect(needle.length % 8).toBe(0)
        expect(headerVersion(header)).toBe(version)
        expect(header.tombstone).toBe(tombstone)
        expect(needle.subarray(needleHeaderBytes, needleHeaderBytes + name.length).equals(name)).toBe(true)
        expect(dataMatches(needle, 0, header)).toBe(true)
      },
    ),
  )
  console.log(`needle round trip: seed ${result.seed}, ${result.numRuns} runs`)
  expect(result.failed, fc.defaultReportMessage(result) ?? '').toBe(false)
})

test('data above 1 MiB carries a checksum per 256 KiB', () => {
  const data = Buffer.alloc(wholeChecksumBytesMax + 1, 'kitten')
  const prefix = encodeNeedlePrefix(fieldsOf(data), place)
  const header = readNeedleHeader(prefix, 0, place)
  if (typeof header === 'string') throw new Error(header)
  expect(header.prefixBytes).toBe(needleHeaderBytes + 10 + 10 + 5 * 4)
  expect(chunkChecksum(prefix, 0, header, 4)).toBe(crc32(data.subarray(4 * chunkBytes)))
  expect(chunkCount(wholeChecksumBytesMax)).toBe(0)
})

test('no truncation of a needle is accepted', () => {
  const bytes = Buffer.from(goldenNeedle, 'hex')
  const dataEnd = 32 + 10 + 10 + 5
  for (let length = 0; length < dataEnd; length++) {
    expect(isAccepted(bytes.subarray(0, length)), `${length} bytes`).toBe(false)
  }
})

test('no flipped bit of a needle is accepted; only padding may differ', () => {
  const bytes = Buffer.from(goldenNeedle, 'hex')
  const dataEnd = 32 + 10 + 10 + 5
  for (let bit = 0; bit < dataEnd * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    expect(isAccepted(flipped), `bit ${bit}`).toBe(false)
  }
})

test('no flipped bit of a chunk table is accepted', () => {
  const prefix = encodeNeedlePrefix(fieldsOf(Buffer.alloc(wholeChecksumBytesMax + 1)), place)
  for (let bit = 0; bit < prefix.length * 8; bit++) {
    const flipped = Buffer.from(prefix)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    expect(readNeedleHeader(flipped, 0, place), `bit ${bit}`).toBeTypeOf('string')
  }
})

test('a needle is valid at its own offset of its own volume only', () => {
  const bytes = Buffer.from(goldenNeedle, 'hex')
  expect(readNeedleHeader(bytes, 0, { ...place, offsetBytes: 72 })).toBe('checksum')
  expect(readNeedleHeader(bytes, 0, { ...place, seed: volumeSeed(Buffer.alloc(16)) })).toBe('checksum')
  const other = Buffer.from(salt)
  other[15] = 0x0e
  expect(readNeedleHeader(bytes, 0, { ...place, seed: volumeSeed(other) })).toBe('checksum')
})

test('faults are named in the order in which they are validated', () => {
  const bytes = Buffer.from(goldenNeedle, 'hex')
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(bytes)
    copy.writeUInt32LE(value, at)
    return readNeedleHeader(copy, 0, place)
  }
  expect(readNeedleHeader(bytes.subarray(0, 31), 0, place)).toBe('truncated')
  expect(changed(0, 0)).toBe('magic')
  expect(changed(28, 2)).toBe('format')
  expect(changed(16, 2 ** 30 + 1)).toBe('length')
  expect(changed(24, 0x000a_0000)).toBe('length')
  expect(changed(24, 0x000a_0401)).toBe('length')
  expect(changed(24, 0xff0a_000a)).toBe('format')
  expect(changed(8, 1)).toBe('checksum')
})
