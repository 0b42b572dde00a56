// The volume is the truth: whatever happened to the index log beside it, the store opens with the same listing.
import { appendFileSync, copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Store, type StoreOptions } from '../../src/index.js'
import { encodeBlock, encodeRecord } from '../../src/index/index-format.js'
import { fullFaults } from '../helpers/fault-count.js'
import { expectContents, fillStore } from '../helpers/filled-store.js'
import { openStore } from '../helpers/open-store.js'
import { printedRandom } from '../helpers/seeded-random.js'
import { unsyncedFiles } from '../helpers/unsynced-files.js'
import { flipBit, indexPath, needlesOf, volumePath } from '../helpers/volume-on-disk.js'

async function reopen<T>(
  path: string,
  look: (store: Store) => Promise<T>,
  options: Partial<StoreOptions> = {},
) {
  const store = await Store.open({ path, reserveBytes: 0, files: unsyncedFiles, ...options })
  try {
    return await look(store)
  } finally {
    await store.close()
  }
}

test('an index that is lost is written anew, and is the same as before', async () => {
  const { path, contents } = await fillStore()
  const index = indexPath(path)
  const before = readFileSync(index)
  rmSync(index)
  await reopen(path, async (store) => {
    expect(store.recovery[0]).toMatchObject({ indexRewritten: true, adopted: 9, damagedRegions: 0 })
    await expectContents(store, contents)
  })
  expect(readFileSync(index).length).toBeLessThanOrEqual(before.length)
  await reopen(path, async (store) => {
    expect(store.recovery[0]).toMatchObject({ indexRewritten: false, adopted: 0 })
    await expectContents(store, contents)
  })
})

test('an index of random bytes is written anew', async () => {
  const { path, contents } = await fillStore()
  const random = printedRandom('random index')
  for (const length of [1, 39, 40, 41, 64, 1_000, 100_000]) {
    writeFileSync(indexPath(path), random.bytes(length))
    await reopen(path, (store) => expectContents(store, contents))
  }
})

test('an index cut at every byte is completed from the volume', async () => {
  const { path, contents } = await fillStore()
  const index = readFileSync(indexPath(path))
  for (let size = 0; size < index.length; size += fullFaults ? 1 : 3) {
    writeFileSync(indexPath(path), index.subarray(0, size))
    await reopen(path, (store) => expectContents(store, contents))
  }
})

test('an index with any bit flipped gives the same listing', async () => {
  const { path, contents } = await fillStore()
  const index = readFileSync(indexPath(path))
  const random = printedRandom('flipped index')
  const bits = fullFaults ? [0, 1, 2, 3, 4, 5, 6, 7] : [random.between(0, 7)]
  for (let at = 0; at < index.length; at++) {
    for (const bit of bits) {
      writeFileSync(indexPath(path), index)
      flipBit(indexPath(path), at, bit)
      await reopen(path, (store) => expectContents(store, contents))
    }
  }
  console.log(`index bits flipped: ${index.length * bits.length}`)
})

test("another store's index of the same number is not believed", async () => {
  const { path, contents } = await fillStore()
  const other = await fillStore()
  copyFileSync(indexPath(other.path), indexPath(path))
  await reopen(path, async (store) => {
    expect(store.recovery[0]?.indexRewritten).toBe(true)
    await expectContents(store, contents)
  })
})

test('an index of another volume of the same store is not believed', async () => {
  const { path, contents } = await fillStore({ volumeBytesMax: 4096 })
  await reopen(
    path,
    async (store) => {
      for (let blob = 0; blob < 6; blob++) {
        const data = Buffer.alloc(1_500, blob)
        await store.put(`more ${blob}`, data)
        contents.set(`more ${blob}`, data)
      }
      expect((await store.stats()).volumes.length).toBeGreaterThan(1)
    },
    { volumeBytesMax: 4096 },
  )
  copyFileSync(indexPath(path, 2), indexPath(path, 1))
  await reopen(path, async (store) => {
    expect(store.recovery[0]?.indexRewritten).toBe(true)
    expect(store.recovery[1]?.indexRewritten).toBe(false)
    await expectContents(store, contents)
  })
})

test('an index that says more than the volume holds is written anew', async () => {
  const { path, contents } = await fillStore()
  const last = (await needlesOf(path)).at(-1)
  const endBytes = (last?.offsetBytes ?? 0) + (last?.lengthBytes ?? 0)
  const invented = {
    offsetBytes: endBytes,
    lengthBytes: 56,
    version: 9n,
    tombstone: false,
    damage: false,
    dataLength: 10,
    dataChecksum: 1,
    contentTypeLength: 0,
    name: Buffer.from('never stored'),
  }
  appendFileSync(indexPath(path), encodeBlock([encodeRecord(invented)], endBytes + 56))
  await reopen(path, async (store) => {
    expect(store.recovery[0]?.indexRewritten).toBe(true)
    await expectContents(store, contents)
    expect(await store.openBlob('never stored')).toBeUndefined()
  })
})

test('needles that the index has not heard of yet are adopted', async () => {
  const { path, contents } = await fillStore()
  truncateSync(indexPath(path), 40)
  await reopen(path, async (store) => {
    expect(store.recovery[0]).toMatchObject({ indexRewritten: false, adopted: 9 })
    await expectContents(store, contents)
  })
})

test('a store opened to read only serves all of it without an index, and changes nothing', async () => {
  const { path, contents } = await fillStore()
  rmSync(indexPath(path))
  appendFileSync(volumePath(path), 'a torn tail')
  const bytes = readFileSync(volumePath(path))
  const store = await openStore({ path, readOnly: true })
  await expectContents(store, contents)
  expect(() => readFileSync(indexPath(path))).toThrow(/ENOENT/)
  expect(readFileSync(volumePath(path)).equals(bytes)).toBe(true)
})
