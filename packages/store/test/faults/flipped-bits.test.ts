// A bad disk flips a bit while the store is open: no bit of a needle, flipped, is ever served as a good answer.
import { expect, onTestFinished, test } from 'vitest'
import type { Store } from '../../src/index.js'
import { chunkBytes } from '../../src/needle/needle-format.js'
import { faultCount, fullFaults } from '../helpers/fault-count.js'
import { openStore } from '../helpers/open-store.js'
import { printedRandom, SeededRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { flipBit, volumePath } from '../helpers/volume-on-disk.js'

const scratch = Buffer.alloc(70 * 1024)
const name = 'cats/1.jpg'
const nameBytes = Buffer.from(name)

function readHot(store: Store): Buffer | undefined {
  const header = store.hotReader?.read(nameBytes, { start: 0, end: nameBytes.length }, scratch, 16)
  if (header === undefined) return undefined
  const start = 16 + header.prefixBytes
  return Buffer.from(scratch.subarray(start, start + header.dataLength))
}

async function readStream(store: Store): Promise<Buffer | undefined> {
  const found = await store.getStream(name)
  if (found === undefined) return undefined
  const parts: Buffer[] = []
  for await (const part of found.stream) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

/** Every way to read the blob; each gives its bytes, undefined for "not known", or throws. */
const ways: Record<string, (store: Store) => Promise<Buffer | undefined>> = {
  whole: async (store) => (await store.get(name))?.data,
  range: async (store) => (await store.get(name, { range: { start: 3, end: 9 } }))?.data,
  stream: readStream,
  hot: async (store) => readHot(store),
  cold: async (store) => {
    const found = await store.hotReader?.readCold(nameBytes, 32)
    return found?.bytes.subarray(
      32 + found.header.prefixBytes,
      32 + found.header.prefixBytes + found.header.dataLength,
    )
  },
}

test('no flipped bit of a small needle is served, by any way of reading it, also when it was hot', async () => {
  const path = temporaryDirectory()
  const store = await openStore({ path })
  const data = Buffer.from('a photo of a cat')
  await store.put(name, data, { contentType: 'image/jpeg' })
  await store.get(name)
  expect(readHot(store)?.equals(data), 'the blob is hot').toBe(true)
  const needleBytes = 32 + name.length + 'image/jpeg'.length + data.length
  for (let bit = 0; bit < needleBytes * 8; bit++) {
    const position = 64 + (bit >> 3)
    flipBit(volumePath(path), position, bit & 7)
    for (const [way, read] of Object.entries(ways)) {
      const answer = await read(store).catch(() => undefined)
      expect(answer?.toString(), `${way}, bit ${bit}`).toBeUndefined()
    }
    flipBit(volumePath(path), position, bit & 7)
  }
  for (const [way, read] of Object.entries(ways)) {
    const expected = way === 'range' ? data.subarray(3, 10) : data
    expect((await read(store))?.equals(expected), `${way}, whole again`).toBe(true)
  }
  expect((await store.stats()).damagedReads).toBeGreaterThan(0)
  console.log(`bits flipped: ${needleBytes * 8}`)
})

test('what a flipped bit makes of a needle is an error, not a missing blob', async () => {
  const path = temporaryDirectory()
  const store = await openStore({ path })
  await store.put(name, Buffer.from('a photo of a cat'))
  for (let at = 0; at < 32 + name.length + 16; at++) {
    flipBit(volumePath(path), 64 + at, at & 7)
    await expect(store.get(name), `byte ${at}`).rejects.toMatchObject({ code: 'BLOB_DAMAGED' })
    flipBit(volumePath(path), 64 + at, at & 7)
  }
})

/** A blob of five chunks and a bit, and where its data begins in the volume. */
async function openLarge() {
  const path = temporaryDirectory()
  const store = await openStore({ path })
  const data = new SeededRandom(3).bytes(5 * chunkBytes + 100)
  const { location } = await store.put(name, data)
  const prefixBytes = 32 + name.length + 6 * 4
  const file = volumePath(path, location.volumeId)
  const flip = (position: number, bit: number) => flipBit(file, location.offsetBytes + position, bit)
  return { store, data, prefixBytes, flip }
}

test('a flipped bit before the data of a chunked blob makes all of it unreadable', async () => {
  const { store, data, prefixBytes, flip } = await openLarge()
  const random = printedRandom('header, name and chunk table')
  const bits = fullFaults ? [0, 1, 2, 3, 4, 5, 6, 7] : [random.between(0, 7)]
  faultCount('bits before the data', { short: prefixBytes, full: prefixBytes * 8 })
  for (let at = 0; at < prefixBytes; at++) {
    for (const bit of bits) {
      flip(at, bit)
      await expect(store.get(name), `byte ${at}`).rejects.toMatchObject({ code: 'BLOB_DAMAGED' })
      await expect(store.get(name, { range: { start: 0, end: 0 } })).rejects.toMatchObject({
        code: 'BLOB_DAMAGED',
      })
      flip(at, bit)
    }
  }
  expect((await store.get(name))?.data.equals(data)).toBe(true)
})

test('a flipped bit in a chunk spares the ranges that do not touch it, and no others', async () => {
  const { store, data, prefixBytes, flip } = await openLarge()
  const random = printedRandom('chunk data')
  const rounds = faultCount('bits per chunk', { short: 6, full: 200 })
  for (let chunk = 0; chunk < 6; chunk++) {
    const chunkStart = chunk * chunkBytes
    const chunkEnd = Math.min(data.length, chunkStart + chunkBytes) - 1
    for (let round = 0; round < rounds; round++) {
      const position =
        round === 0 ? chunkStart : round === 1 ? chunkEnd : random.between(chunkStart, chunkEnd)
      const bit = random.between(0, 7)
      flip(prefixBytes + position, bit)
      await expect(store.get(name)).rejects.toMatchObject({ code: 'BLOB_DAMAGED' })
      const start = random.between(0, data.length - 1)
      const range = { start, end: random.between(start, data.length - 1) }
      const touched = range.start <= chunkEnd && range.end >= chunkStart
      const got = store.get(name, { range })
      if (touched) await expect(got).rejects.toMatchObject({ code: 'BLOB_DAMAGED' })
      else expect((await got)?.data.equals(data.subarray(range.start, range.end + 1))).toBe(true)
      flip(prefixBytes + position, bit)
    }
  }
})

test('a stream of a chunked blob gives the sound chunks and then fails, never a wrong byte', async () => {
  const { store, data, prefixBytes, flip } = await openLarge()
  flip(prefixBytes + 3 * chunkBytes + 77, 5)
  const found = await store.getStream(name)
  onTestFinished(() => {
    found?.stream.destroy()
  })
  const parts: Buffer[] = []
  const readAll = async () => {
    for await (const part of found?.stream ?? []) parts.push(part as Buffer)
  }
  await expect(readAll()).rejects.toMatchObject({ code: 'BLOB_DAMAGED' })
  const received = Buffer.concat(parts)
  expect(received.length).toBeLessThanOrEqual(3 * chunkBytes)
  expect(received.equals(data.subarray(0, received.length))).toBe(true)
})

test('a copy that is sent again heals a damaged blob', async () => {
  for (const lengthBytes of [100, 1_400_000]) {
    const path = temporaryDirectory()
    const store = await openStore({ path })
    const data = new SeededRandom(9).bytes(lengthBytes)
    const { version, location } = await store.put(name, data)
    flipBit(volumePath(path, location.volumeId), location.offsetBytes + location.lengthBytes - 20, 1)
    await expect(store.get(name)).rejects.toMatchObject({ code: 'BLOB_DAMAGED' })
    expect(await store.put(name, data, { version })).toMatchObject({ created: true, version })
    expect((await store.get(name))?.data.equals(data)).toBe(true)
  }
})
