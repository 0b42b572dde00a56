import { expect, test } from 'vitest'
import { RedisCodec } from '../../src/key-map/redis-codec.js'

const codec = new RedisCodec({ prefix: 'p*[x]:' }, 'f00')

test('a location reads back as written', () => {
  for (const tombstone of [false, true]) {
    for (const offsetBytes of [64, 2 ** 32 - 8]) {
      const entry = { volumeId: 1_048_575, offsetBytes, lengthBytes: 2 ** 30, tombstone }
      expect(codec.decode(codec.encodeValue(entry))).toEqual(entry)
    }
  }
  expect(codec.isSound()).toBe(true)
})

test('what is no location is not taken for one', () => {
  const texts = [
    '',
    ':',
    '1:64',
    '1:64:0',
    '0:64:8',
    '1:56:8',
    '1:65:8',
    '1:64:8:x',
    '1:64:8:t:t',
    '01234567:64:8',
  ]
  texts.push(
    '1:64:8 ',
    ' 1:64:8',
    '1:64:8\n',
    '1:-64:8',
    '1:64.5:8',
    '1e1:64:8',
    '1:64:3000000000',
    '1:4294967304:8',
  )
  for (const text of texts) expect(codec.decode(Buffer.from(text)), JSON.stringify(text)).toBeUndefined()
  const throwing = new RedisCodec(
    {
      prefix: '',
      decodeValue: () => {
        throw new RangeError('too short')
      },
    },
    'f00',
  )
  expect(throwing.decode(Buffer.from('1:64:8'))).toBeUndefined()
})

test('the prefix stands before every key, bookkeeping is told from blobs, and no glob sign is left alive', () => {
  expect(codec.keyOf(Buffer.from('a')).toString()).toBe('p*[x]:a')
  expect(codec.markerKey).toBe('p*[x]:\0backpack:f00')
  expect(codec.isOwn(Buffer.from(codec.markerKey))).toBe(true)
  expect(codec.isOwn(Buffer.from(codec.tokenKey))).toBe(true)
  expect(codec.isOwn(codec.keyOf(Buffer.from('backpack:f00')))).toBe(false)
  expect(codec.pattern).toBe('p\\*\\[x\\]:*')
})

test('codecs that would not read each other differ in their samples', () => {
  const others = [
    new RedisCodec({ prefix: '', encodeKey: (name) => name.subarray(1) }, 'f00'),
    new RedisCodec({ prefix: '', encodeValue: ({ volumeId }) => String(volumeId) }, 'f00'),
  ]
  for (const other of others) expect(other.sample).not.toBe(codec.sample)
  expect(new RedisCodec({ prefix: 'other' }, 'f00').sample).toBe(codec.sample)
  expect(others[1]?.isSound()).toBe(false)
})
