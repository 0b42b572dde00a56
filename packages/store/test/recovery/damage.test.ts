// Damage in the middle of a volume: quarantined and counted, its neighbours served, never skipped in silence.
import { appendFileSync, rmSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Store } from '../../src/index.js'
import type { IndexRecord } from '../../src/index/index-format.js'
import { type Contents, expectContents, fillStore } from '../helpers/filled-store.js'
import { openStore } from '../helpers/open-store.js'
import { printedRandom } from '../helpers/seeded-random.js'
import { thrownBy } from '../helpers/thrown.js'
import { flipBit, indexPath, needlesOf, patch, volumePath } from '../helpers/volume-on-disk.js'

async function damagedStore(damage: (needle: IndexRecord, path: string) => void) {
  const { path, contents } = await fillStore()
  const needle = (await needlesOf(path))[2] as IndexRecord
  damage(needle, volumePath(path))
  return { path, contents, needle, name: needle.name.toString() }
}

function without(contents: Contents, name: string): Contents {
  const rest = new Map(contents)
  rest.set(name, undefined)
  return rest
}

const damages: [string, (needle: IndexRecord, path: string) => void][] = [
  [
    'a bit of its data',
    ({ offsetBytes, name }, path) => flipBit(path, offsetBytes + 32 + name.length + 15, 3),
  ],
  ['a bit of its name', ({ offsetBytes }, path) => flipBit(path, offsetBytes + 33, 0)],
  ['a bit of its header checksum', ({ offsetBytes }, path) => flipBit(path, offsetBytes + 5, 7)],
  ['a bit of its data length', ({ offsetBytes }, path) => flipBit(path, offsetBytes + 17, 1)],
  ['its magic', ({ offsetBytes }, path) => patch(path, offsetBytes, Buffer.alloc(4))],
  [
    'all of it, zeroed',
    ({ offsetBytes, lengthBytes }, path) => patch(path, offsetBytes, Buffer.alloc(lengthBytes)),
  ],
  [
    'all of it, overwritten with needle magics',
    ({ offsetBytes, lengthBytes }, path) => patch(path, offsetBytes, Buffer.alloc(lengthBytes, 'NEDL')),
  ],
]

test.each(damages)(
  'rebuilding over a needle that lost %s keeps its neighbours and counts it',
  async (_, damage) => {
    const { path, contents, needle, name } = await damagedStore(damage)
    rmSync(indexPath(path))
    for (const opening of ['rebuilt', 'from the index that was rebuilt']) {
      const store = await Store.open({ path, reserveBytes: 0 })
      expect(store.recovery[0], opening).toMatchObject({ damagedRegions: 1, tornBytes: 0 })
      expect((await store.stats()).volumes[0]).toMatchObject({
        damagedRegions: 1,
        damagedBytes: needle.lengthBytes,
      })
      await expectContents(store, without(contents, name))
      await store.close()
    }
  },
)

test.each(damages)(
  'with its index, a needle that lost %s is BLOB_DAMAGED, not missing',
  async (_, damage) => {
    const { path, contents, name } = await damagedStore(damage)
    const store = await openStore({ path })
    expect((await thrownBy(store.get(name))).code).toBe('BLOB_DAMAGED')
    expect((await store.stats()).damagedReads).toBeGreaterThan(0)
    for (const [other, data] of contents) {
      if (other !== name && data !== undefined) {
        expect((await store.get(other))?.data.equals(data)).toBe(true)
      }
    }
  },
)

test('a damaged blob can be put again and deleted', async () => {
  const { path, name } = await damagedStore(({ offsetBytes }, at) => flipBit(at, offsetBytes + 5, 7))
  const store = await openStore({ path })
  const put = await store.put(name, Buffer.from('sent once more'))
  expect(put.created).toBe(true)
  expect((await store.get(name))?.data.toString()).toBe('sent once more')
  expect((await store.delete(name)).outcome).toBe('deleted')
})

test('two damaged stretches are counted as two', async () => {
  const { path, contents } = await fillStore()
  const needles = await needlesOf(path)
  for (const at of [1, 3]) flipBit(volumePath(path), (needles[at]?.offsetBytes ?? 0) + 40, 2)
  rmSync(indexPath(path))
  const store = await openStore({ path })
  expect(store.recovery[0]?.damagedRegions).toBe(2)
  const rest = [1, 3].reduce((left, at) => without(left, needles[at]?.name.toString() ?? ''), contents)
  await expectContents(store, rest)
})

test('a torn tail is cut off only where no valid needle follows it', async () => {
  const random = printedRandom('torn tails')
  const { path, contents } = await fillStore()
  const wholeBytes = statSync(volumePath(path)).size
  for (const tail of [random.bytes(1), random.bytes(777), Buffer.alloc(5_000), Buffer.alloc(64, 'NEDL')]) {
    appendFileSync(volumePath(path), tail)
    const store = await Store.open({ path, reserveBytes: 0 })
    expect(store.recovery[0]).toMatchObject({ tornBytes: tail.length, damagedRegions: 0, adopted: 0 })
    await expectContents(store, contents)
    await store.close()
    expect(statSync(volumePath(path)).size).toBe(wholeBytes)
  }
})

test('damage at the end that a needle follows is kept in quarantine, not cut off', async () => {
  const { path, contents } = await fillStore()
  const needles = await needlesOf(path)
  const beforeLast = needles.at(-2) as IndexRecord
  const wholeBytes = statSync(volumePath(path)).size
  flipBit(volumePath(path), beforeLast.offsetBytes + 9, 4)
  rmSync(indexPath(path))
  const store = await openStore({ path })
  expect(store.recovery[0]).toMatchObject({ tornBytes: 0, damagedRegions: 1 })
  expect(statSync(volumePath(path)).size).toBe(wholeBytes)
  expect((await store.get('last'))?.data.equals(contents.get('last') as Buffer)).toBe(true)
})

test('a superblock that is damaged is taken from the index', async () => {
  const { path, contents } = await fillStore()
  patch(volumePath(path), 0, Buffer.alloc(64, 0xff))
  const store = await openStore({ path })
  await expectContents(store, contents)
  await store.put('one more', Buffer.from('data'))
  expect((await store.get('one more'))?.data.toString()).toBe('data')
})

test('a volume without superblock and index is VOLUME_UNREADABLE and left as it is', async () => {
  const { path } = await fillStore()
  patch(volumePath(path), 3, Buffer.from('?'))
  rmSync(indexPath(path))
  const sizeBytes = statSync(volumePath(path)).size
  const error = await thrownBy(Store.open({ path, reserveBytes: 0 }))
  expect(error).toMatchObject({ code: 'VOLUME_UNREADABLE', details: { path: volumePath(path) } })
  expect(statSync(volumePath(path)).size).toBe(sizeBytes)
})
