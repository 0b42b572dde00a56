import { expect, test } from 'vitest'
import type { ScanOptions, Store } from '../../src/index.js'
import { openStore } from '../helpers/open-store.js'
import { SeededRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { thrownBy } from '../helpers/thrown.js'

interface Seen {
  readonly name: string
  readonly data: Buffer | undefined
  readonly cursor: string
}

async function scanAll(store: Store, options: ScanOptions = {}): Promise<Seen[]> {
  const seen: Seen[] = []
  for await (const { info, data, cursor } of store.scan(options)) seen.push({ name: info.name, data, cursor })
  return seen
}

/** Forty names over several volumes, a few of them overwritten, deleted, or large. */
async function openFilled(path = temporaryDirectory()) {
  const random = new SeededRandom(7)
  const store = await openStore({ path, volumeBytesMax: 8_192 })
  const live = new Map<string, Buffer>()
  for (let blob = 0; blob < 40; blob++) {
    const data = random.bytes(random.between(1, 1_500))
    await store.put(`blob ${blob}`, data, { contentType: 'image/png' })
    live.set(`blob ${blob}`, data)
  }
  for (const blob of [3, 4, 20]) {
    const data = Buffer.from(`newer ${blob}`)
    await store.put(`blob ${blob}`, data, { contentType: 'image/png' })
    live.set(`blob ${blob}`, data)
  }
  for (const blob of [0, 11, 39]) {
    await store.delete(`blob ${blob}`)
    live.delete(`blob ${blob}`)
  }
  return { path, store, live }
}

test.each([false, true])(
  'every live blob is given once, over several volumes (withData: %s)',
  async (withData) => {
    const { store, live, path } = await openFilled()
    expect((await store.stats()).volumes.length).toBeGreaterThan(3)
    const expectAll = async (from: Store) => {
      const seen = await scanAll(from, { withData })
      expect(seen.map(({ name }) => name).sort()).toEqual([...live.keys()].sort())
      for (const { name, data } of seen) {
        if (withData) expect(data?.equals(live.get(name) as Buffer), name).toBe(true)
        else expect(data).toBeUndefined()
      }
    }
    await expectAll(store)
    await store.close()
    await expectAll(await openStore({ path }))
  },
)

test('entries come in the order of volumes and offsets, with what is known of the blob', async () => {
  const { store, live } = await openFilled()
  let before = -1
  for await (const { info } of store.scan({ withData: true })) {
    const place = info.location.volumeId * 2 ** 32 + info.location.offsetBytes
    expect(place).toBeGreaterThan(before)
    before = place
    expect(info).toEqual(await store.head(info.name))
    expect(info.sizeBytes).toBe(live.get(info.name)?.length)
  }
})

test.each([false, true])(
  'the cursor of every entry continues right behind it (withData: %s)',
  async (withData) => {
    const { store } = await openFilled()
    const all = await scanAll(store, { withData })
    for (const [at, { cursor }] of all.entries()) {
      const rest = await scanAll(store, { withData, after: cursor })
      expect(rest).toEqual(all.slice(at + 1))
    }
  },
)

test('a cursor is good in another process too', async () => {
  const { store, path } = await openFilled()
  const all = await scanAll(store)
  await store.close()
  const again = await openStore({ path })
  expect(await scanAll(again, { after: all[9]?.cursor })).toEqual(all.slice(10))
})

test.each(['', 'x', '1', '1:2:3', '-1:5', '1:99999999999'])('the cursor %j is refused', async (after) => {
  const store = await openStore()
  expect((await thrownBy(scanAll(store, { after }))).code).toBe('INVALID_OPTIONS')
})

test('the data of an entry stays what it was while the scan goes on', async () => {
  const store = await openStore()
  const random = new SeededRandom(11)
  const blobs = Array.from({ length: 12 }, () => random.bytes(900_000))
  for (const [at, data] of blobs.entries()) await store.put(`${at}`, data)
  const seen = await scanAll(store, { withData: true })
  expect(seen).toHaveLength(12)
  for (const { name, data } of seen) expect(data?.equals(blobs[Number(name)] as Buffer), name).toBe(true)
})

test('large blobs have no data but are read through open()', async () => {
  const store = await openStore()
  const large = new SeededRandom(5).bytes(1_600_000)
  await store.put('large', large)
  await store.put('small', Buffer.from('small'))
  const opened = new Map<string, Buffer>()
  for await (const { info, data, open } of store.scan({ withData: true })) {
    expect(data === undefined).toBe(info.name === 'large')
    const parts: Buffer[] = []
    for await (const part of open()) parts.push(part as Buffer)
    opened.set(info.name, Buffer.concat(parts))
  }
  expect(opened.get('large')?.equals(large)).toBe(true)
  expect(opened.get('small')?.toString()).toBe('small')
})

test('blobs stored while the scan runs do not disturb it', async () => {
  const { store, live } = await openFilled()
  const seen: string[] = []
  for await (const { info } of store.scan({ withData: true })) {
    seen.push(info.name)
    await store.put(`stored meanwhile ${seen.length % 5}`, Buffer.from('x'))
    if (seen.length > 200) break
  }
  for (const name of live.keys()) expect(seen.filter((other) => other === name)).toHaveLength(1)
})
