import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Store } from '../../src/index.js'
import { expectContents, fillStore } from '../helpers/filled-store.js'
import { openStore } from '../helpers/open-store.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { thrownBy } from '../helpers/thrown.js'
import { indexPath, sealPath, volumePath } from '../helpers/volume-on-disk.js'

test('a directory several levels down is made and is a store', async () => {
  const path = join(temporaryDirectory(), 'a/b/c')
  const store = await openStore({ path })
  await store.put('x', Buffer.from('1'))
  expect((await store.get('x'))?.data.toString()).toBe('1')
})

test('a directory that cannot be made is refused at once', async () => {
  await expect(Store.open({ path: '/proc/x' })).rejects.toMatchObject({ code: 'ENOENT' })
  const file = join(temporaryDirectory(), 'file')
  writeFileSync(file, '')
  await expect(Store.open({ path: file })).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(Store.open({ path: join(file, 'below') })).rejects.toMatchObject({ code: 'ENOTDIR' })
})

test('what a crash left in incoming/ is gone after opening', async () => {
  const { path, contents } = await fillStore()
  mkdirSync(join(path, 'incoming'), { recursive: true })
  writeFileSync(join(path, 'incoming/1.part'), Buffer.alloc(2_000_000))
  const store = await openStore({ path })
  expect(readdirSync(join(path, 'incoming'))).toEqual([])
  await expectContents(store, contents)
})

test('a lost store.json gives the store a new identity and keeps its blobs', async () => {
  const { path, contents } = await fillStore()
  rmSync(join(path, 'store.json'))
  await expectContents(await openStore({ path }), contents)
})

test.each([
  ['no JSON', '{"formatVersion": 1'],
  ['of a later format', '{"formatVersion": 2, "storeId": 1, "hashKey": "0011223344556677", "createdAt": ""}'],
  ['of something else', '{"name": "@backpack/store"}'],
])('a store.json that is %s is FORMAT_UNKNOWN', async (_, text) => {
  const { path } = await fillStore()
  writeFileSync(join(path, 'store.json'), text)
  expect((await thrownBy(Store.open({ path }))).code).toBe('FORMAT_UNKNOWN')
  expect(readdirSync(path).filter((name) => name.startsWith('lock-'))).toEqual([])
})

test.each([0, 1, 63])('a volume whose creation was cut short at %i bytes is removed', async (sizeBytes) => {
  const { path, contents } = await fillStore()
  const superblock = readFileSync(volumePath(path)).subarray(0, sizeBytes)
  writeFileSync(volumePath(path, 2), superblock)
  await expectContents(await openStore({ path }), contents)
  expect(readdirSync(join(path, 'volumes'))).not.toContain('00000002.volume')
})

test('a volume renamed to another number is refused, for its name is part of it', async () => {
  const { path } = await fillStore()
  writeFileSync(volumePath(path, 5), readFileSync(volumePath(path)))
  expect((await thrownBy(Store.open({ path }))).code).toBe('VOLUME_UNREADABLE')
})

test('nothing past a seal is adopted, and the sealed volume is not written to again', async () => {
  const { path, contents } = await fillStore()
  let store = await Store.open({ path, reserveBytes: 0 })
  const sealedAtBytes = (await store.stats()).volumes[0]?.sizeBytes ?? 0
  await store.put('past the seal', Buffer.from('written, not synced, not acknowledged'))
  await store.close()
  writeFileSync(sealPath(path), JSON.stringify({ sealedAtBytes, reason: 'test', at: '' }))
  const sizeBytes = readFileSync(volumePath(path)).length
  for (const indexIs of ['there', 'lost']) {
    if (indexIs === 'lost') rmSync(indexPath(path))
    store = await Store.open({ path, reserveBytes: 0 })
    await expectContents(store, contents)
    expect(await store.openBlob('past the seal')).toBeUndefined()
    expect((await store.stats()).volumes[0]).toMatchObject({ sealed: true, writable: false })
    const put = await store.put(`new ${indexIs}`, Buffer.from('goes elsewhere'))
    expect(put.location.volumeId).toBe(2)
    contents.set(`new ${indexIs}`, Buffer.from('goes elsewhere'))
    await store.close()
  }
  expect(readFileSync(volumePath(path)).length).toBe(sizeBytes)
})

test('a seal that cannot be read still closes its volume for writing', async () => {
  const { path, contents } = await fillStore()
  writeFileSync(sealPath(path), '{"sealedAt')
  const store = await openStore({ path })
  await expectContents(store, contents)
  expect((await store.put('new', Buffer.from('x'))).location.volumeId).toBe(2)
})
