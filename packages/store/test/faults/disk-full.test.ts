// A full disk stops puts and nothing else: what is there is served, and puts work again once there is space.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Store, StoreOptions } from '../../src/index.js'
import { meaningOf } from '../../src/errors.js'
import { until } from '../helpers/daemon.js'
import { faultCount } from '../helpers/fault-count.js'
import { LosingDisk } from '../helpers/losing-disk.js'
import { openStore } from '../helpers/open-store.js'
import { printedRandom, type SeededRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { thrownBy } from '../helpers/thrown.js'
import { TroubledDisk } from '../helpers/troubled-disk.js'

async function expectServed(store: Store, blobs: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const [name, data] of blobs) expect((await store.get(name))?.data.equals(data), name).toBe(true)
}

/** Puts blobs at once; returns how many the full disk refused. The others are added to `stored`. */
async function putMany(store: Store, stored: Map<string, Buffer>, random: SeededRandom): Promise<number> {
  const base = stored.size
  const blobs = Array.from({ length: 20 }, (_, at) => {
    const data = random.bytes(random.chance(0.01) ? 1_200_000 : random.between(1, 6_000))
    return { name: `blob ${base} ${at}`, data }
  })
  let refused = 0
  await Promise.all(
    blobs.map(async ({ name, data }) => {
      try {
        await store.put(name, data)
        stored.set(name, data)
      } catch (error) {
        expect(error).toMatchObject({ code: 'DISK_FULL' })
        expect(meaningOf(error).status).toBe(507)
        refused++
      }
    }),
  )
  return refused
}

async function openTroubled(options: Partial<StoreOptions> = {}) {
  const disk = new TroubledDisk()
  const path = temporaryDirectory()
  const onFatal = vi.fn()
  const store = await openStore({ path, files: disk, onFatal, ...options })
  return { disk, path, store, onFatal }
}

test('a disk that fills up after any number of bytes, with short writes before, refuses and recovers', async () => {
  const random = printedRandom('full disks')
  const rounds = faultCount('full disks', { short: 15, full: 200 })
  const { disk, path, store, onFatal } = await openTroubled({
    volumeBytesMax: 200_000,
    flushIntervalMs: 10,
    batchBlobsMax: 4,
  })
  const stored = new Map<string, Buffer>()
  let refused = 0
  for (let round = 0; round < rounds; round++) {
    disk.spaceLeftBytes = random.between(0, 120_000)
    disk.shorten = (lengthBytes) => random.between(Math.min(lengthBytes, 100), lengthBytes)
    refused += await putMany(store, stored, random)
    disk.spaceLeftBytes = Number.POSITIVE_INFINITY
    await store.put(`round ${round}`, Buffer.from('space again'))
    stored.set(`round ${round}`, Buffer.from('space again'))
  }
  expect(refused).toBeGreaterThan(0)
  console.log(`puts refused: ${refused}, stored: ${stored.size}`)
  await expectServed(store, stored)
  expect((await store.stats()).volumes.every(({ sealed }) => !sealed)).toBe(true)
  expect(onFatal).not.toHaveBeenCalled()
  expect(readdirSync(join(path, 'incoming'))).toEqual([])
  await store.close()
  const again = await openStore({ path })
  await expectServed(again, stored)
  const listed: string[] = []
  for await (const { info } of again.scan()) listed.push(info.name)
  expect(listed.sort()).toEqual([...stored.keys()].sort())
})

test('a disk that is full when a volume has to be made refuses, and leaves no files behind', async () => {
  const { disk, path, store } = await openTroubled()
  const openFiles = readdirSync('/proc/self/fd').length
  for (const spaceLeftBytes of [0, 30, 64, 80, 103]) {
    disk.spaceLeftBytes = spaceLeftBytes
    expect((await thrownBy(store.put('x', Buffer.alloc(500)))).code).toBe('DISK_FULL')
  }
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(openFiles)
  expect(readdirSync(join(path, 'volumes'))).toEqual([])
  disk.spaceLeftBytes = Number.POSITIVE_INFINITY
  await store.put('x', Buffer.from('stored'))
  expect((await store.get('x'))?.data.toString()).toBe('stored')
})

test('blobs that a full disk refused do not come back after a power cut', async () => {
  const random = printedRandom('power cut behind a full disk')
  const rounds = faultCount('power cuts behind a full disk', { short: 15, full: 150 })
  for (let round = 0; round < rounds; round++) {
    const [root, after] = [temporaryDirectory(), join(temporaryDirectory(), 'after')]
    const plug = new LosingDisk(root)
    const disk = new TroubledDisk(plug)
    const store = await openStore({ path: join(root, 'store'), files: disk })
    await store.put('before', Buffer.from('stored'))
    disk.spaceLeftBytes = random.between(1_000, 9_000)
    disk.shorten = (lengthBytes) => Math.min(lengthBytes, 2_000)
    const names = ['one', 'two', 'three', 'four', 'five']
    const results = await Promise.allSettled(names.map((name) => store.put(name, Buffer.alloc(2_000, name))))
    plug.powerCut(after, random)
    const again = await openStore({ path: join(after, 'store') })
    expect((await again.get('before'))?.data.toString()).toBe('stored')
    for (const [at, name] of names.entries()) {
      expect(await again.openBlob(name), name).toSatisfy(
        (blob) => (blob === undefined) === (results[at]?.status === 'rejected'),
      )
    }
  }
})

test('an upload that meets the full disk half-way leaves nothing behind', async () => {
  const { disk, path, store } = await openTroubled()
  disk.spaceLeftBytes = 700_000
  expect((await thrownBy(store.put('large', Buffer.alloc(3_000_000)))).code).toBe('DISK_FULL')
  expect(readdirSync(join(path, 'incoming'))).toEqual([])
  expect((await store.stats()).bodyMemoryBytes).toBe(0)
  expect(await store.openBlob('large')).toBeUndefined()
})

test('the reserve is kept free: puts are refused before the disk is full, deletes and gets are not', async () => {
  const { disk, store } = await openTroubled({ reserveBytes: 1_000_000 })
  const data = Buffer.alloc(100_000, 'x')
  await store.put('before', data)
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const nextLook = () => vi.setSystemTime(Date.now() + 2_000)
  disk.freeBytes = 1_050_000
  nextLook()
  const error = await thrownBy(store.put('refused', data))
  expect(error).toMatchObject({ code: 'DISK_FULL', details: { availableBytes: 50_000 } })
  expect(
    (
      await thrownBy(
        store.put(
          'streamed',
          (async function* () {
            yield data
          })(),
          { sizeBytes: 100_000 },
        ),
      )
    ).code,
  ).toBe('DISK_FULL')
  await store.put('fits', Buffer.alloc(40_000))
  expect((await thrownBy(store.put('no longer', Buffer.alloc(40_000)))).code).toBe('DISK_FULL')
  expect((await store.get('before'))?.data.equals(data)).toBe(true)
  expect((await store.delete('fits')).outcome).toBe('deleted')
  disk.freeBytes = 10_000_000
  nextLook()
  await store.put('refused', data)
  expect((await store.get('refused'))?.data.equals(data)).toBe(true)
})

/** Mounting takes root, and in some containers not even root may. */
function mountRefusal(): string | undefined {
  const path = mkdtempSync(join(tmpdir(), 'backpack-mount-'))
  const mounted = mountSmall(path)
  if (mounted.status === 0) spawnSync('umount', [path])
  rmdirSync(path)
  return mounted.status === 0 ? undefined : String(mounted.stderr ?? mounted.error).trim()
}

function mountSmall(path: string) {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'backpack-test', path])
}

const refusal = mountRefusal()
if (refusal !== undefined) console.log(`no test on a real full disk: mounting is refused (${refusal})`)

test.skipIf(refusal !== undefined)(
  'on a real file system of 32 MiB puts are refused when it is full and work once a file is removed',
  async () => {
    const path = temporaryDirectory()
    expect(mountSmall(path).status).toBe(0)
    onTestFinished(() => {
      spawnSync('umount', ['--lazy', path])
    })
    const random = printedRandom('a real full disk')
    const directory = join(path, 'store')
    const store = await openStore({ path: directory, volumeBytesMax: 4_000_000, flushIntervalMs: 10 })
    writeFileSync(join(path, 'ballast'), Buffer.alloc(20_000_000))
    const stored = new Map<string, Buffer>()
    let refused = 0
    for (let round = 0; round < 200 && refused === 0; round++) refused = await putMany(store, stored, random)
    expect(refused).toBeGreaterThan(0)
    await expectServed(store, stored)
    const whenFull = stored.size
    rmSync(join(path, 'ballast'))
    const first = Buffer.alloc(1_000_000)
    await vi.waitFor(() => store.put('first', first), { timeout: 20_000 })
    stored.set('first', first)
    // That one may have fitted into what was left: the store looks at the disk again a second after its last look.
    await until(async () => (await store.stats()).availableBytes > 10_000_000, 'the store sees the space')
    expect(await putMany(store, stored, random)).toBe(0)
    expect(stored.size).toBe(whenFull + 21)
    console.log(`stored when full: ${whenFull}, refused: ${refused}`)
    await expectServed(store, stored)
    await store.close()
    await expectServed(await openStore({ path: directory }), stored)
  },
)
