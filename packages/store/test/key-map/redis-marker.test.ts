// The marker says how far Redis is. Here it is ahead, gone, garbage or of another history.
import { cpSync, rmSync, truncateSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  formatVolumeMarker,
  type Marker,
  parseMarker,
  parseVolumeMarker,
  planReplay,
} from '../../src/key-map/redis-marker.js'
import { openStore } from '../helpers/open-store.js'
import { patientRedis, RedisServer } from '../helpers/redis-server.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { needlesOf, volumePath } from '../helpers/volume-on-disk.js'
import { expectListing, type Listing, put, remove } from './expected-listing.js'

async function begin() {
  const redis = await RedisServer.start()
  const path = temporaryDirectory()
  const open = () =>
    openStore({ path, keyMap: { kind: 'redis', redis: { port: redis.port, ...patientRedis } } })
  return { redis, path, open, store: await open(), listing: new Map() as Listing }
}

/** Keys that look like anybody's, and what they are worth: none of them is a location of ours. */
const foreign = {
  'session:1': 'hello',
  time: '12:30:45',
  negative: '-1:64:72',
  odd: '1:65:72',
  huge: `1:64:${'9'.repeat(300)}`,
}

test('keys are the plain names, values are volume:offset:length, tombstones are marked', async () => {
  const { redis, path, store } = await begin()
  await store.put('cats/1.jpg', Buffer.from('meow'))
  await store.put('dogs/1.jpg', Buffer.from('wuff'))
  await store.delete('dogs/1.jpg')
  const [cat, , tombstone] = await needlesOf(path)
  expect(await redis.client.get('cats/1.jpg')).toBe(`1:64:${cat?.lengthBytes}`)
  expect(await redis.client.get('dogs/1.jpg')).toBe(`1:${tombstone?.offsetBytes}:${tombstone?.lengthBytes}:t`)
})

test('a directory restored from a backup is replayed, keys that dangle are removed and no others', async () => {
  const { redis, path, open, store, listing } = await begin()
  for (let at = 0; at < 50; at++) await put(store, listing, `old/${at}`, `old ${at}`)
  await store.close()
  const backup = temporaryDirectory()
  cpSync(path, backup, { recursive: true })
  const later = await open()
  const lost: Listing = new Map()
  const names = Array.from({ length: 700 }, (_, at) => `lost/${at}`)
  await Promise.all(names.map((name) => put(later, lost, name, name)))
  for (let at = 0; at < 20; at++) await put(later, lost, `old/${at}`, `changed ${at}`)
  for (let at = 20; at < 30; at++) await remove(later, lost, `old/${at}`)
  await later.close()
  await redis.client.mset(foreign)
  await redis.client.rpush('a list', '1:64:72')
  rmSync(path, { recursive: true })
  cpSync(backup, path, { recursive: true })
  const restored = await open()
  await expectListing(restored, listing)
  expect(await redis.client.exists('lost/1', 'lost/699')).toBe(0)
  expect(await redis.client.mget(Object.keys(foreign))).toEqual(Object.values(foreign))
  expect(await redis.client.lrange('a list', 0, -1)).toEqual(['1:64:72'])
  for (let at = 0; at < 100; at++) await put(restored, listing, `lost/${at}`, `put again ${at}`)
  await expectListing(restored, listing)
})

test('a volume that was cut and written on with another key map is not taken for the one that Redis knows', async () => {
  const { path, open, store, listing } = await begin()
  for (let at = 0; at < 20; at++) await put(store, listing, `n${String(at).padStart(2, '0')}`, 'same size')
  await store.close()
  truncateSync(volumePath(path), (await needlesOf(path))[10]?.offsetBytes)
  for (let at = 10; at < 20; at++) listing.delete(`n${at}`)
  const table = await openStore({ path })
  for (let at = 19; at >= 10; at--) await put(table, listing, `n${at}`, 'SAME SIZE')
  await table.put('x', Buffer.from('one more'))
  await table.close()
  listing.set('x', 'one more')
  await expectListing(await open(), listing)
})

test('what was put with another key map meanwhile is replayed', async () => {
  const { path, open, store, listing } = await begin()
  for (let at = 0; at < 20; at++) await put(store, listing, `n${at}`, `text ${at}`)
  await store.close()
  const table = await openStore({ path })
  for (let at = 10; at < 30; at++) await put(table, listing, `n${at}`, `other ${at}`)
  for (let at = 0; at < 5; at++) await remove(table, listing, `n${at}`)
  await table.close()
  await expectListing(await open(), listing)
})

test('a marker that is gone or garbage, and keys that point anywhere, are put right', async () => {
  const { redis, open, store, listing } = await begin()
  for (let at = 0; at < 30; at++) await put(store, listing, `n${at}`, `text ${at}`)
  await remove(store, listing, 'n7')
  await store.close()
  const [first = '', second = ''] = await redis.client.mget('n1', 'n2')
  const marker = (await redis.client.keys('*backpack:*')).find((key) => !key.endsWith(':token')) as string
  const harms = [
    () => redis.client.del(marker),
    () => redis.client.hset(marker, '1', 'garbage'),
    () => redis.client.hset(marker, 'x', '64:0:0'),
    () => redis.client.hset(marker, '9', '4096:64:1'),
    () => redis.client.hset(marker, '1', '72:64:1'),
  ]
  for (const harm of harms) {
    await harm()
    await redis.client.mset({
      n1: second ?? '',
      n2: 'garbage',
      never: first ?? '',
      n7: '1:64:72',
      n9: '77:64:72',
    })
    const opened = await open()
    await expectListing(opened, listing)
    expect(await opened.openBlob('never')).toBeUndefined()
    expect(await redis.client.get('never')).toBeNull()
    await opened.close()
  }
})

test('volume markers read back as written, anything else does not', () => {
  const marker = { endBytes: 3_670_016_000, lastOffsetBytes: 3_670_000_000, lastVersion: 2n ** 64n - 1n }
  expect(parseVolumeMarker(formatVolumeMarker(marker))).toEqual(marker)
  for (const text of ['', '1', '1:2', '1:2:g', '-1:2:3', '1:2:3:4', ' 1:2:3', '1:2:3\n', '12345678901:0:0'])
    expect(parseVolumeMarker(text), text).toBeUndefined()
  expect(parseMarker(['codec', 'c', '1', '64:0:0'])).toEqual({
    codec: 'c',
    sound: true,
    volumes: new Map([[1, { endBytes: 64, lastOffsetBytes: 0, lastVersion: 0n }]]),
  })
  expect(parseMarker(['1', 'x']).sound).toBe(false)
})

test('gaps are replayed volume by volume; doubt about one volume means everything', () => {
  const volume = (endBytes: number) => ({ endBytes, lastOffsetBytes: 64, lastVersion: 1n })
  const marker: Marker = {
    codec: 'c',
    sound: true,
    volumes: new Map([
      [1, volume(500)],
      [2, volume(800)],
    ]),
  }
  const ends = new Map([
    [1, 900],
    [2, 800],
    [3, 128],
  ])
  const genuine = new Set([1, 2])
  expect(planReplay({ marker, ends, genuine })).toEqual({
    kind: 'gaps',
    from: new Map([
      [1, 500],
      [2, 800],
      [3, 64],
    ]),
  })
  const everything = { kind: 'everything' }
  expect(planReplay({ marker: { ...marker, codec: undefined }, ends, genuine })).toEqual(everything)
  expect(planReplay({ marker: { ...marker, sound: false }, ends, genuine })).toEqual(everything)
  expect(planReplay({ marker, ends, genuine: new Set([1]) })).toEqual(everything)
  expect(
    planReplay({
      marker,
      ends: new Map([
        [1, 499],
        [2, 800],
      ]),
      genuine,
    }),
  ).toEqual(everything)
  expect(planReplay({ marker, ends: new Map([[1, 900]]), genuine })).toEqual(everything)
})
