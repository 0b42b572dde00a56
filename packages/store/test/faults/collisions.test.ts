// With 8 bits of hash a thousand names share 256 places of the table: none may ever answer for another.
import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Store } from '../../src/index.js'
import { faultCount } from '../helpers/fault-count.js'
import { expectContents, type Contents } from '../helpers/filled-store.js'
import { printedRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { unsyncedFiles } from '../helpers/unsynced-files.js'
import { indexPath } from '../helpers/volume-on-disk.js'

const nameCount = 1_000

function openColliding(path: string): Promise<Store> {
  return Store.open({ path, reserveBytes: 0, hashBits: 8, volumeBytesMax: 100_000, files: unsyncedFiles })
}

async function changeMany(
  store: Store,
  contents: Contents,
  change: (name: string) => Promise<unknown>,
  names: string[],
) {
  await Promise.all(names.map(change))
  await expectContents(store, contents)
}

async function expectTombstones(store: Store, contents: Contents) {
  const deleted = [...contents.values()].filter((data) => data === undefined).length
  expect((await store.stats()).keyMap.tombstones).toBe(deleted)
}

test('1,000 names on 256 hash values live through put, overwrite, delete, put again and rebuild', async () => {
  const random = printedRandom('collisions')
  const rounds = faultCount('collision rounds', { short: 1, full: 10 })
  const path = temporaryDirectory()
  const names = Array.from({ length: nameCount }, (_, at) => `name ${at}`)
  const contents: Contents = new Map()
  const some = () => names.filter(() => random.chance(0.4))
  let store = await openColliding(path)
  const put = async (name: string) => {
    const data = Buffer.from(`${name} ${random.next()}`)
    contents.set(name, data)
    await store.put(name, data)
  }
  const remove = async (name: string) => {
    contents.set(name, undefined)
    await store.delete(name)
  }
  const reopen = async () => {
    await store.close()
    store = await openColliding(path)
    await expectContents(store, contents)
  }
  for (let round = 0; round < rounds; round++) {
    await changeMany(store, contents, put, names)
    expect((await store.stats()).keyMap.names).toBe(nameCount)
    await changeMany(store, contents, put, some())
    await changeMany(store, contents, remove, some())
    await expectTombstones(store, contents)
    await reopen()
    await expectTombstones(store, contents)
    await changeMany(store, contents, put, some())
    await changeMany(store, contents, remove, some())
    for (const { id } of (await store.stats()).volumes) rmSync(indexPath(path, id))
    await reopen()
    expect((await store.stats()).keyMap.names).toBe(nameCount)
    await expectTombstones(store, contents)
    for (let stranger = 0; stranger < 300; stranger++) {
      expect(await store.openBlob(`stranger ${stranger}`)).toBeUndefined()
    }
  }
  await store.close()
})
