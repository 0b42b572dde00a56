// What every key map must do, seen through a store on a real directory: one body, run over the table and over Redis.
import { rmSync, truncateSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { IndexRecord } from '../../src/index/index-format.js'
import type { Store, StoreOptions } from '../../src/index.js'
import { fullFaults } from '../helpers/fault-count.js'
import { openStore } from '../helpers/open-store.js'
import { printedRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { flipBit, indexPath, needlesOf, volumePath } from '../helpers/volume-on-disk.js'
import { expectListing, type Listing, put, remove } from './expected-listing.js'

const randomOperations = fullFaults ? 20_000 : 1_000
const mebibyte = 1024 * 1024

export interface KeyMapUnderTest {
  readonly options: NonNullable<StoreOptions['keyMap']>
  /** Throws away what the map holds outside the directory, so that the next open rebuilds it. */
  lose(): Promise<void>
}

/** Registers the tests; `make` gives a map that nobody has used. */
export function testKeyMap(kind: string, make: () => Promise<KeyMapUnderTest>): void {
  async function begin(more: Partial<StoreOptions> = {}) {
    const keyMap = await make()
    const path = temporaryDirectory()
    const open = () => openStore({ path, keyMap: keyMap.options, ...more })
    const reopen = async (store: Store, { lost = false } = {}) => {
      await store.close()
      if (lost) await keyMap.lose()
      return open()
    }
    return { keyMap, path, open, reopen, store: await open(), listing: new Map() as Listing }
  }

  describe(`key map: ${kind}`, () => {
    test('a name is missing, stored, overwritten, deleted and stored again, and is found so after reopening', async () => {
      const { store, listing, reopen } = await begin()
      expect(await store.openBlob('a')).toBeUndefined()
      expect(await store.delete('a')).toMatchObject({ outcome: 'missing' })
      await put(store, listing, 'a', 'one')
      await put(store, listing, 'b', 'other')
      await expectListing(store, listing)
      await put(store, listing, 'a', 'two')
      await expectListing(store, listing)
      await remove(store, listing, 'a')
      expect(await store.delete('a')).toMatchObject({ outcome: 'gone' })
      await expectListing(store, listing)
      await put(store, listing, 'a', 'three')
      await remove(store, listing, 'b')
      await expectListing(store, listing)
      await expectListing(await reopen(store), listing)
      expect(await store.openBlob('c').catch((error: unknown) => error)).toMatchObject({
        code: 'STORE_CLOSED',
      })
    })

    test('any valid name is told apart from any other, after a rebuild too', async () => {
      const { store, listing, reopen } = await begin()
      const names = [
        'x',
        'n'.repeat(1023),
        'n'.repeat(1024),
        '*',
        '?',
        '[a]',
        'a',
        'A',
        'files',
        'files_counter',
        '1:64:72',
      ]
      names.push(
        'é'.repeat(512),
        '\u{1f4f7}',
        'e\u0301',
        '\u00e9',
        'a b?c=d&e',
        '../..',
        '%00',
        'a/../b',
        '\\0backpack',
      )
      for (const name of names) await put(store, listing, name, `blob of ${name}`)
      await expectListing(store, listing)
      expect(await store.openBlob('n'.repeat(1022))).toBeUndefined()
      expect(await store.openBlob('backpack')).toBeUndefined()
      await expectListing(await reopen(store, { lost: true }), listing)
    })

    test('a batch of more names than one command takes is published whole', async () => {
      const { store, listing, reopen } = await begin()
      const names = Array.from({ length: 2_300 }, (_, at) => `batch/${at}`)
      await Promise.all(names.map((name) => put(store, listing, name, name)))
      await Promise.all(names.slice(0, 1_200).map((name) => remove(store, listing, name)))
      expect((await store.stats()).batches).toBeLessThan(100)
      await expectListing(store, listing)
      await expectListing(await reopen(store), listing)
    })

    test('the newest needle of a name wins wherever it stands: in an earlier volume too', async () => {
      const { store, reopen } = await begin()
      await store.put('first', Buffer.from('makes volume 1 the one for small blobs'))
      await store.put('a', Buffer.alloc(2 * mebibyte, 1))
      await store.put('a', Buffer.from('newer and small'))
      await store.put('b', Buffer.from('older and small'))
      await store.put('b', Buffer.alloc(2 * mebibyte, 2))
      const check = async (opened: Store) => {
        expect((await opened.get('a'))?.data.toString()).toBe('newer and small')
        expect((await opened.get('b'))?.data.length).toBe(2 * mebibyte)
        expect((await opened.head('a'))?.location.volumeId).toBeLessThan(
          (await opened.head('b'))?.location.volumeId ?? 0,
        )
        return opened
      }
      await check(await reopen(await check(await reopen(await check(store))), { lost: true }))
    })

    test('a copy with a lower version is refused, one that heals a damaged needle is found after a rebuild', async () => {
      const { store, path, reopen } = await begin()
      const { version } = await store.put('a', Buffer.from('precious'))
      await expect(store.put('a', Buffer.from('older'), { version: version - 1n })).rejects.toMatchObject({
        code: 'VERSION_CONFLICT',
      })
      await Promise.all(Array.from({ length: 600 }, (_, at) => store.put(`n${at}`, Buffer.from('between'))))
      const versions = { a: version, b: (await store.put('b', Buffer.from('precious'))).version }
      const needles = await needlesOf(path)
      for (const { offsetBytes, lengthBytes } of [needles[0], needles[601]] as IndexRecord[])
        flipBit(volumePath(path), offsetBytes + lengthBytes - 8, 3)
      const damaged = await reopen(store)
      for (const name of ['b', 'a'] as const) {
        await expect(damaged.get(name)).rejects.toMatchObject({ code: 'BLOB_DAMAGED' })
        const again = await damaged.put(name, Buffer.from('precious'), { version: versions[name] })
        expect(again.created).toBe(true)
      }
      const healed = await reopen(damaged, { lost: true })
      for (const name of ['a', 'b']) expect((await healed.get(name))?.data.toString()).toBe('precious')
    })

    test('a tail that a power cut took is forgotten: older needles come back, newer names do not exist', async () => {
      const { store, path, listing, reopen, open } = await begin()
      for (let at = 0; at < 30; at++) await put(store, listing, `old/${at}`, `old ${at}`)
      const before: Listing = new Map(listing)
      for (let at = 10; at < 20; at++) await put(store, listing, `old/${at}`, `newer ${at}`)
      for (let at = 20; at < 25; at++) await remove(store, listing, `old/${at}`)
      for (let at = 0; at < 10; at++) await put(store, listing, `new/${at}`, `new ${at}`)
      await store.close()
      truncateSync(volumePath(path), (await needlesOf(path))[30]?.offsetBytes)
      const cut = await open()
      await expectListing(cut, before)
      for (let at = 0; at < 10; at++) expect(await cut.openBlob(`new/${at}`)).toBeUndefined()
      for (let at = 0; at < 20; at++) await put(cut, before, `later/${at}`, `later ${at}`)
      for (let at = 0; at < 10; at++) expect(await cut.openBlob(`new/${at}`)).toBeUndefined()
      await expectListing(cut, before)
      await expectListing(await reopen(cut), before)
    })

    test('with its index logs lost the listing is the same', async () => {
      const { store, path, listing, open } = await begin({ volumeBytesMax: 8192 })
      for (let at = 0; at < 150; at++) await put(store, listing, `name/${at % 60}`, `text ${at} `.repeat(20))
      for (let at = 0; at < 10; at++) await remove(store, listing, `name/${at}`)
      const { volumes } = await store.stats()
      expect(volumes.length).toBeGreaterThan(2)
      await store.close()
      for (const { id } of volumes) rmSync(indexPath(path, id))
      await expectListing(await open(), listing)
    })

    test(`${randomOperations} random operations over volumes of 32 KiB, reopened now and then, leave what they should`, async () => {
      const random = printedRandom(`${kind} key map, ${randomOperations} random operations`)
      const { store, listing, reopen } = await begin({ volumeBytesMax: 32 * 1024 })
      let opened = store
      for (let at = 0; at < randomOperations; at++) {
        const name = `n${random.between(0, 80)}`
        if (random.chance(0.004)) opened = await reopen(opened, { lost: random.chance(0.5) })
        else if (random.chance(0.25) && listing.has(name)) await remove(opened, listing, name)
        else await put(opened, listing, name, `${at} `.repeat(random.between(1, 60)))
        if (at % 100 === 0) await expectListing(opened, listing)
      }
      await expectListing(opened, listing)
      await expectListing(await reopen(opened, { lost: true }), listing)
    })
  })
}
