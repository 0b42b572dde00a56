// A failed sync is never tried again: what it covered may be lost though the next one succeeds.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { Store } from '../../src/index.js'
import { faultCount } from '../helpers/fault-count.js'
import { LosingDisk } from '../helpers/losing-disk.js'
import { openStore } from '../helpers/open-store.js'
import { printedRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { thrownBy } from '../helpers/thrown.js'
import { TroubledDisk } from '../helpers/troubled-disk.js'
import { indexPath, sealPath } from '../helpers/volume-on-disk.js'

async function openWithBlob() {
  const disk = new TroubledDisk()
  const path = temporaryDirectory()
  const onFatal = vi.fn()
  const store = await openStore({ path, files: disk, onFatal })
  await store.put('before', Buffer.from('synced'))
  return { disk, path, store, onFatal, sealedAtBytes: (await store.stats()).volumes[0]?.sizeBytes }
}

test('a failed sync rejects every blob of its batch and seals the volume where it was last synced', async () => {
  const { disk, path, store, onFatal, sealedAtBytes } = await openWithBlob()
  disk.fails = (operation, file) => operation === 'dataSync' && file.endsWith('01.volume')
  const failed = await Promise.allSettled(
    ['one', 'two', 'three'].map((name) => store.put(name, Buffer.from('never acknowledged'))),
  )
  for (const result of failed) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'SYNC_FAILED' } })
  }
  expect(JSON.parse(readFileSync(sealPath(path), 'utf8'))).toMatchObject({ sealedAtBytes })
  expect(onFatal).not.toHaveBeenCalled()
  const expectOnlyBefore = async (from: Store) => {
    expect(await from.openBlob('one')).toBeUndefined()
    expect(await from.openBlob('two')).toBeUndefined()
    expect(await from.openBlob('three')).toBeUndefined()
    expect((await from.get('before'))?.data.toString()).toBe('synced')
  }
  await expectOnlyBefore(store)
  const next = await store.put('after', Buffer.from('in a new volume'))
  expect(next.location.volumeId).toBe(2)
  await store.close()
  const again = await openStore({ path })
  expect((await again.stats()).volumes[0]).toMatchObject({ sealed: true, sizeBytes: sealedAtBytes })
  await expectOnlyBefore(again)
  expect((await again.get('after'))?.data.toString()).toBe('in a new volume')
  expect((await again.put('later', Buffer.from('x'))).location.volumeId).toBe(2)
})

test.each(['overwrite', 'delete'])(
  'an %s whose sync failed leaves the blob that was there',
  async (change) => {
    const { disk, path, store } = await openWithBlob()
    disk.fails = (operation, file) => operation === 'dataSync' && file.endsWith('01.volume')
    const changing = change === 'delete' ? store.delete('before') : store.put('before', Buffer.from('newer'))
    expect((await thrownBy(changing)).code).toBe('SYNC_FAILED')
    expect((await store.get('before'))?.data.toString()).toBe('synced')
    await store.close()
    const again = await openStore({ path })
    expect((await again.get('before'))?.data.toString()).toBe('synced')
  },
)

test('a large blob whose sync failed is not stored and leaves no incoming file', async () => {
  const { disk, path, store } = await openWithBlob()
  const large = Buffer.alloc(1_500_000, 'x')
  expect((await store.put('large', large)).location.volumeId).toBe(2)
  disk.fails = (operation, file) => operation === 'dataSync' && file.endsWith('02.volume')
  expect((await thrownBy(store.put('larger', Buffer.alloc(2_000_000)))).code).toBe('SYNC_FAILED')
  expect(await store.openBlob('larger')).toBeUndefined()
  expect(readdirSync(join(path, 'incoming'))).toEqual([])
  expect((await store.get('large'))?.data.equals(large)).toBe(true)
  expect((await store.put('larger', large)).location.volumeId).toBe(3)
})

test('a write that fails for another reason than space seals the volume as well', async () => {
  const { disk, path, store } = await openWithBlob()
  disk.fails = (operation, file) => operation === 'write' && file.endsWith('01.volume')
  expect((await thrownBy(store.put('one', Buffer.from('x')))).code).toBe('WRITE_FAILED')
  expect(existsSync(sealPath(path))).toBe(true)
  expect((await store.put('one', Buffer.from('x'))).location.volumeId).toBe(2)
})

test('a seal that cannot be recorded is fatal: the store says so once and refuses to write', async () => {
  const { disk, path, store, onFatal } = await openWithBlob()
  disk.fails = (operation, file) =>
    (operation === 'dataSync' && file.endsWith('.volume')) ||
    (operation === 'open' && file.includes('.sealed'))
  expect((await thrownBy(store.put('one', Buffer.from('x')))).code).toBe('STORE_FAILED')
  expect(onFatal).toHaveBeenCalledTimes(1)
  expect(store.ready()).toBe(false)
  expect((await thrownBy(store.put('two', Buffer.from('x')))).code).toBe('STORE_FAILED')
  expect((await thrownBy(store.delete('before'))).code).toBe('STORE_FAILED')
  expect((await store.get('before'))?.data.toString()).toBe('synced')
  await store.close()
  expect(existsSync(sealPath(path))).toBe(false)
})

test('a seal that a crash left half-made does not stand in the way of the next', async () => {
  const { disk, path, store, onFatal } = await openWithBlob()
  const leftover = await disk.open(`${sealPath(path)}.tmp`, 'wx+')
  await leftover.close()
  disk.fails = (operation, file) => operation === 'dataSync' && file.endsWith('01.volume')
  expect((await thrownBy(store.put('one', Buffer.from('x')))).code).toBe('SYNC_FAILED')
  expect(existsSync(sealPath(path))).toBe(true)
  expect(onFatal).not.toHaveBeenCalled()
})

test('a seal outlives a power cut right behind the refusal, and nothing refused comes back', async () => {
  const random = printedRandom('power cut behind a failed sync')
  const rounds = faultCount('power cuts behind a failed sync', { short: 10, full: 100 })
  for (let round = 0; round < rounds; round++) {
    const [root, after] = [temporaryDirectory(), join(temporaryDirectory(), 'after')]
    const plug = new LosingDisk(root)
    const disk = new TroubledDisk(plug)
    const store = await openStore({ path: join(root, 'store'), files: disk })
    await store.put('before', Buffer.from('synced'))
    disk.fails = (operation, file) => operation === 'dataSync' && file.endsWith('01.volume')
    expect((await thrownBy(store.put('refused', random.bytes(3_000)))).code).toBe('SYNC_FAILED')
    plug.powerCut(after, random.chance(0.3) ? undefined : random)
    const again = await openStore({ path: join(after, 'store') })
    expect((await again.stats()).volumes[0]?.sealed).toBe(true)
    expect((await again.get('before'))?.data.toString()).toBe('synced')
    expect(await again.openBlob('refused')).toBeUndefined()
  }
})

test("with durability 'os' a failed sync in the background seals the volume", async () => {
  const disk = new TroubledDisk()
  const path = temporaryDirectory()
  const store = await openStore({ path, files: disk, durability: 'os', flushIntervalMs: 10 })
  await store.put('zero', Buffer.from('makes the volume'))
  // Else the sync that fails may be that of 'zero', with 'one' half-way into the volume that it seals.
  await vi.waitUntil(() => readFileSync(indexPath(path)).includes('zero'), { timeout: 20_000 })
  disk.fails = (operation, file) => operation === 'dataSync' && file.endsWith('01.volume')
  await store.put('one', Buffer.from('x'))
  await vi.waitUntil(() => existsSync(sealPath(path)), { timeout: 20_000 })
  expect((await store.put('two', Buffer.from('y'))).location.volumeId).toBe(2)
  expect((await store.get('one'))?.data.toString()).toBe('x')
})
