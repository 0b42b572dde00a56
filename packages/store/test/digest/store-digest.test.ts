// What a store says it holds: the same as any other store with the same blobs, however they came there.
import { describe, expect, test } from 'vitest'
import {
  type DigestBucket,
  type DigestEntry,
  type DigestListOptions,
  type Store,
  StoreError,
  type StoreOptions,
} from '../../src/index.js'
import { openStore } from '../helpers/open-store.js'
import { patientRedis, RedisServer } from '../helpers/redis-server.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { flipBit, volumePath } from '../helpers/volume-on-disk.js'

const hourMs = 3_600_000
const firstHour = 450_000
const always = Number.MAX_SAFE_INTEGER

/** A version of so many hours and milliseconds after the first hour. */
function versionAt(hours: number, ms = 0): bigint {
  return (BigInt((firstHour + hours) * hourMs + ms) << 16n) | 7n
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = []
  for await (const item of items) gathered.push(item)
  return gathered
}

async function digestOf(store: Store, beforeMs = always): Promise<DigestBucket[]> {
  return all(store.digest({ beforeMs }))
}

async function listOf(store: Store, options: Partial<DigestListOptions> = {}): Promise<DigestEntry[]> {
  const everything = { beforeMs: always, bucket: '0-0', to: '99999999-15' }
  const pages = await all(store.digestBucket({ ...everything, ...options }))
  return pages.flat().sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** On a busy machine the digests before it may take longer than one waits for its turn. */
async function whenFree<T>(ask: () => Promise<T>): Promise<T> {
  while (true) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'STORE_BUSY') throw error
    }
  }
}

function counts(digest: readonly DigestBucket[]): { live: number; tombstones: number } {
  const sum = (of: 'live' | 'tombstones') => digest.reduce((total, bucket) => total + bucket[of].count, 0)
  return { live: sum('live'), tombstones: sum('tombstones') }
}

async function fill(store: Store, names: readonly string[]): Promise<void> {
  await Promise.all(
    names.map((name, at) =>
      store.put(name, Buffer.from(`photo ${name}`), { version: versionAt(at % 5, at) }),
    ),
  )
}

const names = Array.from({ length: 300 }, (_, at) => `photos/${at}?w=${at}`)

describe.each(['table', 'redis'])('with the key map %s', (kind) => {
  async function open(options: Partial<StoreOptions> = {}): Promise<Store> {
    if (kind === 'table') return openStore(options)
    const redis = await RedisServer.start()
    return openStore({ ...options, keyMap: { kind: 'redis', redis: { port: redis.port, ...patientRedis } } })
  }

  test('two stores that took the same blobs in another order give the same digest', async () => {
    const [one, two] = [await open(), await open({ volumeBytesMax: 4096 })]
    await fill(one, names)
    await fill(two, names)
    for (const store of [one, two]) await store.delete('photos/7?w=7', { version: versionAt(9) })
    await two.put('photos/8?w=8', Buffer.from('older'), { version: versionAt(0) }).catch(() => undefined)
    expect(await digestOf(two)).toEqual(await digestOf(one))
    expect(counts(await digestOf(one))).toEqual({ live: 299, tombstones: 1 })
    expect(await listOf(two)).toEqual(await listOf(one))
  })

  test('what was overwritten or deleted counts once, as what it is now', async () => {
    const store = await open()
    await store.put('a', Buffer.from('old'), { version: versionAt(0) })
    await store.put('a', Buffer.from('new'), { version: versionAt(1) })
    await store.put('b', Buffer.from('b'), { version: versionAt(0) })
    await store.delete('b', { version: versionAt(2) })
    await store.delete('never stored', { version: versionAt(2) })
    const tombstone = {
      version: versionAt(2).toString(16).padStart(16, '0'),
      checksum: '00000000',
      tombstone: true,
    }
    expect(await listOf(store)).toEqual([
      {
        name: 'a',
        version: versionAt(1).toString(16).padStart(16, '0'),
        checksum: '6be34445',
        tombstone: false,
      },
      { name: 'b', ...tombstone },
      { name: 'never stored', ...tombstone },
    ])
    expect((await store.head('a'))?.etag.endsWith('-6be34445"')).toBe(true)
    expect(counts(await digestOf(store))).toEqual({ live: 1, tombstones: 2 })
  })
})

test('nothing stored: nothing in the digest', async () => {
  const store = await openStore()
  expect(await digestOf(store)).toEqual([])
  expect(await listOf(store)).toEqual([])
})

test('only versions before the given time count', async () => {
  const store = await openStore()
  await store.put('a', Buffer.from('a'), { version: versionAt(0, 5) })
  await store.put('b', Buffer.from('b'), { version: versionAt(0, 6) })
  const beforeMs = firstHour * hourMs + 6
  expect(counts(await digestOf(store, beforeMs)).live).toBe(1)
  expect((await listOf(store, { beforeMs })).map(({ name }) => name)).toEqual(['a'])
  expect(counts(await digestOf(store, beforeMs - 1)).live).toBe(0)
})

test('a listing of each bucket gives what its digest counts', async () => {
  const store = await openStore({ volumeBytesMax: 4096 })
  await fill(store, names)
  let listed = 0
  for (const { bucket, live } of await digestOf(store)) {
    const entries = await listOf(store, { bucket, to: undefined })
    expect(entries.length, bucket).toBe(live.count)
    listed += entries.length
  }
  expect(listed).toBe(names.length)
})

test('a range of buckets is listed with both its ends', async () => {
  const store = await openStore()
  await fill(store, names)
  const digest = await digestOf(store)
  const [first, second, third] = digest
  const expected = (first?.live.count ?? 0) + (second?.live.count ?? 0) + (third?.live.count ?? 0)
  expect((await listOf(store, { bucket: first?.bucket ?? '', to: third?.bucket })).length).toBe(expected)
})

test('the parts of a listing together are the whole', async () => {
  const store = await openStore()
  await fill(store, names)
  const parts = await Promise.all([0, 1, 2].map((part) => whenFree(() => listOf(store, { part, parts: 3 }))))
  expect(Math.min(...parts.map(({ length }) => length))).toBeGreaterThan(50)
  expect(parts.flat().sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(await listOf(store))
})

test('what was stored since a volume was scanned is found', async () => {
  const store = await openStore()
  await store.put('a', Buffer.from('a'), { version: versionAt(0) })
  await digestOf(store)
  await store.put('b', Buffer.from('b'), { version: versionAt(5) })
  const bucket = `${firstHour + 5}-0`
  expect((await listOf(store, { bucket, to: `${firstHour + 5}-15` })).map(({ name }) => name)).toEqual(['b'])
})

test('a needle that was found damaged does not count until a replica healed it', async () => {
  const path = temporaryDirectory()
  const store = await openStore({ path })
  const data = Buffer.alloc(100, 'x')
  await store.put('a', data, { version: versionAt(0) })
  await store.put('b', data, { version: versionAt(0) })
  const whole = await digestOf(store)
  const { location } = (await store.head('a'))!
  flipBit(volumePath(path), location.offsetBytes + location.lengthBytes - 20, 3)
  expect(await digestOf(store)).toEqual(whole)
  await expect(store.get('a')).rejects.toMatchObject({ code: 'BLOB_DAMAGED' })
  expect(counts(await digestOf(store)).live).toBe(1)
  expect((await listOf(store)).map(({ name }) => name)).toEqual(['b'])
  await store.put('a', data, { version: versionAt(0) })
  expect(await digestOf(store)).toEqual(whole)
})

test('after reopening, the digest is the same', async () => {
  const path = temporaryDirectory()
  const store = await openStore({ path })
  await fill(store, names)
  const digest = await digestOf(store)
  await store.close()
  expect(await digestOf(await openStore({ path }))).toEqual(digest)
  expect(await digestOf(await openStore({ path, readOnly: true }))).toEqual(digest)
})

test('one digest at a time: behind one that is not read to its end others are refused, and served again after it', async () => {
  const store = await openStore()
  await fill(store, names)
  const held = store.digestBucket({ beforeMs: always, bucket: '0-0', to: '99999999-15' })
  await held.next()
  await expect(digestOf(store)).rejects.toMatchObject({ code: 'STORE_BUSY' })
  await held.return()
  expect(counts(await digestOf(store)).live).toBe(names.length)
})

test('a digest that nobody wants any more ends', async () => {
  const store = await openStore()
  await fill(store, names)
  const reason = new Error('gone')
  const options = { beforeMs: always, signal: AbortSignal.abort(reason) }
  await expect(all(store.digest(options))).rejects.toBe(reason)
  expect(counts(await digestOf(store)).live).toBe(names.length)
})

test('a closed store gives no digest, and one under way ends', async () => {
  const store = await openStore()
  await fill(store, [...names, ...names.map((name) => `more ${name}`)])
  const list = store.digestBucket({ beforeMs: always, bucket: '0-0', to: '99999999-15' })
  await list.next()
  await store.close()
  await expect(all(list)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
  expect(() => store.digest({ beforeMs: always })).toThrow('closed')
})

test.each([{ bucket: '1-16' }, { bucket: '1-1', to: 'x' }])('%j is no bucket', async (options) => {
  const store = await openStore()
  await expect(listOf(store, options)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
})
