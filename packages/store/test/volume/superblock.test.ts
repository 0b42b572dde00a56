import { expect, test } from 'vitest'
import { StoreError } from '../../src/index.js'
import { crc32 } from 'node:zlib'
import { decodeSuperblock, encodeSuperblock, superblockBytes } from '../../src/volume/superblock.js'

const salt = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
const superblock = { volumeId: 7, salt, createdAtMs: 1_700_000_000_000, storeId: 513 }
const golden =
  '4250564f4c554d310100000007000000000102030405060708090a0b0c0d0e0f0068e5cf8b01000001020000' +
  '00000000000000000000000000000000f8022919'

test('a superblock has exactly these bytes', () => {
  expect(encodeSuperblock(superblock).toString('hex')).toBe(golden)
})

test('the golden bytes read back as what they were written from', () => {
  expect(decodeSuperblock(Buffer.from(golden, 'hex'))).toEqual(superblock)
})

test('no truncation and no flipped bit of a superblock is accepted', () => {
  const bytes = Buffer.from(golden, 'hex')
  for (let length = 0; length < superblockBytes; length++) {
    expect(decodeSuperblock(bytes.subarray(0, length))).toBeUndefined()
  }
  for (let bit = 0; bit < superblockBytes * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    expect(decodeSuperblock(flipped), `bit ${bit}`).toBeUndefined()
  }
})

test('a sound superblock of a later format is FORMAT_UNKNOWN, not damage', () => {
  const bytes = Buffer.from(golden, 'hex')
  bytes.writeUInt32LE(2, 8)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60)
  expect(() => decodeSuperblock(bytes)).toThrow(StoreError)
  expect(() => decodeSuperblock(bytes)).toThrow(/format version 2/)
})
