import { expect, test } from 'vitest'
import { NameHash } from '../../src/key-map/name-hash.js'
import { printedRandom } from '../helpers/seeded-random.js'

const officialKey = Buffer.from([0, 1, 2, 3, 4, 5, 6, 7])
const counting = Buffer.from(Array.from({ length: 64 }, (_, at) => at))

interface State {
  v0: number
  v1: number
  v2: number
  v3: number
}

const rotate = (word: number, bits: number) => ((word << bits) | (word >>> (32 - bits))) >>> 0

function sipRound(state: State): void {
  state.v0 = (state.v0 + state.v1) >>> 0
  state.v1 = (rotate(state.v1, 5) ^ state.v0) >>> 0
  state.v0 = rotate(state.v0, 16)
  state.v2 = (state.v2 + state.v3) >>> 0
  state.v3 = (rotate(state.v3, 8) ^ state.v2) >>> 0
  state.v0 = (state.v0 + state.v3) >>> 0
  state.v3 = (rotate(state.v3, 7) ^ state.v0) >>> 0
  state.v2 = (state.v2 + state.v1) >>> 0
  state.v1 = (rotate(state.v1, 13) ^ state.v2) >>> 0
  state.v2 = rotate(state.v2, 16)
}

/** HalfSipHash-c-d with 64 bits of output, written after the paper rather than for speed. */
function halfSipHash(
  key: Buffer,
  message: Buffer,
  { perWord, atEnd }: { perWord: number; atEnd: number },
): Buffer {
  const [key0, key1] = [key.readUInt32LE(0), key.readUInt32LE(4)]
  const state = {
    v0: key0,
    v1: (key1 ^ 0xee) >>> 0,
    v2: (0x6c796765 ^ key0) >>> 0,
    v3: (0x74656462 ^ key1) >>> 0,
  }
  const padded = Buffer.alloc(Math.floor(message.length / 4) * 4 + 4)
  message.copy(padded)
  padded[padded.length - 1] = message.length & 0xff
  for (let at = 0; at < padded.length; at += 4) {
    const word = padded.readUInt32LE(at)
    state.v3 = (state.v3 ^ word) >>> 0
    for (let round = 0; round < perWord; round++) sipRound(state)
    state.v0 = (state.v0 ^ word) >>> 0
  }
  const output = Buffer.alloc(8)
  for (const [half, sign] of [0xee, 0xdd].entries()) {
    if (half === 0) state.v2 = (state.v2 ^ sign) >>> 0
    else state.v1 = (state.v1 ^ sign) >>> 0
    for (let round = 0; round < atEnd; round++) sipRound(state)
    output.writeUInt32LE((state.v1 ^ state.v3) >>> 0, half * 4)
  }
  return output
}

function hashOf(key: Buffer, name: Buffer, bits?: number): { high: number; low: number } {
  const hash = new NameHash(key, bits)
  hash.hash(name, 0, name.length)
  return { high: hash.high, low: hash.low }
}

test("the reference gives the authors' own vectors for HalfSipHash-2-4", () => {
  const vectors = [
    '218d1f59b9b83cc8',
    'be552412f8387315',
    '064f39ef7c50eb57',
    'ce0f1a45f7060679',
    'd5e78a175be52ea1',
  ]
  for (const [length, vector] of vectors.entries()) {
    const output = halfSipHash(officialKey, counting.subarray(0, length), { perWord: 2, atEnd: 4 })
    expect(output.toString('hex')).toBe(vector)
  }
})

test('a name hashes as HalfSipHash-1-3 does, at every length, wherever it stands in a buffer', () => {
  const random = printedRandom('name hash')
  for (let length = 0; length <= 300; length++) {
    const [key, name] = [random.bytes(8), random.bytes(length)]
    const expected = halfSipHash(key, name, { perWord: 1, atEnd: 3 })
    expect(hashOf(key, name)).toEqual({ low: expected.readUInt32LE(0), high: expected.readUInt32LE(4) })
    const inside = Buffer.concat([random.bytes(3), name, random.bytes(5)])
    const hash = new NameHash(key)
    hash.hash(inside, 3, 3 + length)
    expect({ high: hash.high, low: hash.low }).toEqual(hashOf(key, name))
  }
})

test('fewer bits keep the lower ones, and all of them are used', () => {
  const whole = hashOf(officialKey, counting)
  for (const bits of [1, 8, 31, 32, 33, 40, 63, 64]) {
    const lowMask = bits >= 32 ? 0xffff_ffff : 2 ** bits - 1
    const highMask = bits > 32 ? 2 ** (bits - 32) - 1 : 0
    expect(hashOf(officialKey, counting, bits), `${bits} bits`).toEqual({
      low: (whole.low & lowMask) >>> 0,
      high: (whole.high & highMask) >>> 0,
    })
  }
  const seen = new Set(
    Array.from({ length: 4000 }, (_, at) => hashOf(officialKey, Buffer.from(`n${at}`), 8).low),
  )
  expect(seen.size).toBe(256)
})

test('another key gives other hashes, so that collisions cannot be prepared', () => {
  const names = Array.from({ length: 200 }, (_, at) => Buffer.from(`photos/${at}.jpg`))
  const other = Buffer.from([1, 1, 2, 3, 4, 5, 6, 7])
  const equal = names.filter((name) => hashOf(officialKey, name).low === hashOf(other, name).low)
  expect(equal).toEqual([])
})
