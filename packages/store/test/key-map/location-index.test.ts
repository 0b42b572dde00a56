// What key maps are filled from, read from a directory that a store left behind.
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { nodeDiskFiles } from '../../src/disk/disk-files.js'
import { IndexLog } from '../../src/index/index-log.js'
import { LocationIndex } from '../../src/key-map/location-index.js'
import { recoverVolumes } from '../../src/recovery/open-directory.js'
import { VolumeSet } from '../../src/volume/volume-set.js'
import { openStore } from '../helpers/open-store.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { flipBit, needlesOf, volumePath } from '../helpers/volume-on-disk.js'

const log = { info() {}, warn() {}, error() {} }

async function openLocations(path: string): Promise<LocationIndex> {
  const { volumes } = await recoverVolumes(path, { files: nodeDiskFiles, writable: false, log })
  const directory = join(path, 'volumes')
  const set = new VolumeSet({ files: nodeDiskFiles, directory, storeId: 1, volumeBytesMax: 2 ** 20 })
  set.adopt(volumes)
  onTestFinished(() => set.close())
  return new LocationIndex(set)
}

async function filledDirectory(): Promise<string> {
  const path = temporaryDirectory()
  const store = await openStore({ path })
  for (let at = 0; at < 25; at++) await store.put(`n${at}`, Buffer.from(`text ${at}`))
  await store.close()
  return path
}

test('pages hold the records of a range, in order and not more than asked for', async () => {
  const path = await filledDirectory()
  const locations = await openLocations(path)
  const needles = await needlesOf(path)
  const [fromBytes, toBytes] = [needles[3]?.offsetBytes ?? 0, needles[20]?.offsetBytes ?? 0]
  const sizes: number[] = []
  const names: string[] = []
  for await (const page of locations.pages({ volumeId: 1, fromBytes, toBytes }, 5)) {
    sizes.push(page.length)
    names.push(...page.map(({ name }) => name.toString()))
  }
  expect(sizes).toEqual([5, 5, 5, 2])
  expect(names).toEqual(Array.from({ length: 17 }, (_, at) => `n${at + 3}`))
  for await (const page of locations.pages({ volumeId: 9, fromBytes: 0, toBytes }, 5))
    expect(page).toEqual([])
})

test('an entry tells whose needle stands there; where the header is damaged the log still does', async () => {
  const path = await filledDirectory()
  const [first, second] = await needlesOf(path)
  if (first === undefined || second === undefined) throw new Error('The directory is empty')
  const locations = await openLocations(path)
  const entry = { volumeId: 1, ...second }
  expect(await locations.needleAt(entry)).toMatchObject({ name: Buffer.from('n1'), version: second.version })
  expect(await locations.needleAt({ ...entry, offsetBytes: second.offsetBytes + 8 })).toBeUndefined()
  expect(await locations.needleAt({ ...entry, volumeId: 2 })).toBeUndefined()
  expect(await locations.needleAt({ ...entry, offsetBytes: 2 ** 31 })).toBeUndefined()
  flipBit(volumePath(path), second.offsetBytes + 9, 2)
  expect(await locations.needleAt(entry)).toBeUndefined()
  expect(await locations.recordAt(entry)).toMatchObject({ name: Buffer.from('n1'), version: second.version })
  expect(await locations.recordAt({ ...entry, offsetBytes: second.offsetBytes + 8 })).toBeUndefined()
  expect(await locations.recordAt({ ...entry, volumeId: 2 })).toBeUndefined()
})

test('a log that is flushed while it is read shows each record once', async () => {
  const superblock = { volumeId: 1, storeId: 1, salt: Buffer.alloc(16, 1), createdAtMs: 0 }
  const index = await IndexLog.create(nodeDiskFiles, join(temporaryDirectory(), '1.index'), superblock)
  onTestFinished(() => index.close())
  const append = (offsetBytes: number) =>
    index.append({
      ...{ offsetBytes, lengthBytes: 72, version: 1n, tombstone: false, damage: false },
      ...{ dataLength: 1, dataChecksum: 1, contentTypeLength: 0, name: Buffer.from('a') },
    })
  append(64)
  await index.flush(1_000)
  append(136)
  append(208)
  const counts: number[] = []
  for await (const { count } of index.blocks()) {
    counts.push(count)
    await index.flush(1_000)
  }
  expect(counts).toEqual([1, 2])
})
