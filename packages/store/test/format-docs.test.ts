// The worked examples in docs/formats are what the code writes.
import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { encodeBlock, encodeIndexHeader, encodeRecord } from '../src/index/index-format.js'
import { encodeNeedlePrefix, volumeSeed } from '../src/needle/needle-format.js'
import { encodeSuperblock, superblockBytes } from '../src/volume/superblock.js'

const superblock = {
  volumeId: 1,
  salt: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'),
  createdAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  storeId: 7,
}
const data = Buffer.from('hello')
const needle = {
  name: Buffer.from('hi.txt'),
  contentType: Buffer.from('text/plain'),
  version: (BigInt(superblock.createdAtMs + 1000) << 16n) | 7n,
  tombstone: false,
  dataLength: data.length,
  dataChecksum: crc32(data),
  chunkChecksums: [],
}
const needleBytes = 56

function workedExample(page: string): Buffer {
  const text = readFileSync(new URL(`../../../docs/formats/${page}`, import.meta.url), 'utf8')
  const lines = [...text.matchAll(/^[0-9a-f]{4} {2}((?:[0-9a-f]{2} ?)+) {2}/gm)]
  return Buffer.from(lines.map(([, hex = '']) => hex.replaceAll(' ', '')).join(''), 'hex')
}

test('the volume in docs/formats/volume.md is byte for byte what the code writes', () => {
  const place = { seed: volumeSeed(superblock.salt), offsetBytes: superblockBytes }
  const written = Buffer.alloc(superblockBytes + needleBytes)
  const parts = Buffer.concat([encodeSuperblock(superblock), encodeNeedlePrefix(needle, place), data])
  parts.copy(written)
  expect(workedExample('volume.md').toString('hex')).toBe(written.toString('hex'))
})

test('the index log in docs/formats/index.md is byte for byte what the code writes', () => {
  const record = encodeRecord({
    ...needle,
    offsetBytes: superblockBytes,
    lengthBytes: needleBytes,
    damage: false,
    contentTypeLength: needle.contentType.length,
  })
  const written = Buffer.concat([
    encodeIndexHeader(superblock),
    encodeBlock([record], superblockBytes + needleBytes),
  ])
  expect(workedExample('index.md').toString('hex')).toBe(written.toString('hex'))
})
