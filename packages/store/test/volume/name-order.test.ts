// One name, many writers: locks, versions, preconditions.
import { expect, test } from 'vitest'
import { NameLocks } from '../../src/name-locks.js'
import { versionMs } from '../../src/needle/blob-version.js'
import { openStore } from '../helpers/open-store.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { thrownBy } from '../helpers/thrown.js'

const recent = () => BigInt(Date.now()) << 16n

test('a lock is handed on in the order of asking, and idle() waits for the last', async () => {
  const locks = new NameLocks()
  const order: string[] = []
  expect(locks.acquire('a')).toBeUndefined()
  const second = locks.acquire('a')?.then(() => order.push('second'))
  const third = locks.acquire('a')?.then(() => order.push('third'))
  expect(locks.acquire('b')).toBeUndefined()
  const idle = locks.idle().then(() => order.push('idle'))
  locks.release('a')
  await second
  locks.release('a')
  await third
  locks.release('a')
  expect(order).toEqual(['second', 'third'])
  locks.release('b')
  await idle
  expect(order).toEqual(['second', 'third', 'idle'])
  expect(locks.acquire('a')).toBeUndefined()
})

test('of puts on one name at once, the highest version is the one that stays', async () => {
  const path = temporaryDirectory()
  let store = await openStore({ path })
  const puts = await Promise.all(
    Array.from({ length: 50 }, (_, at) => store.put('contested', Buffer.from(`writer ${at}`))),
  )
  expect(new Set(puts.map(({ version }) => version)).size).toBe(50)
  const highest = puts.reduce((a, b) => (a.version > b.version ? a : b))
  for (const state of ['open', 'reopened']) {
    const blob = await store.get('contested')
    expect(blob?.info.version, state).toBe(highest.version)
    expect(blob?.data.toString()).toBe(`writer ${puts.indexOf(highest)}`)
    await store.close()
    store = await openStore({ path })
  }
})

test('copies that arrive in any order end as the highest version', async () => {
  const path = temporaryDirectory()
  const store = await openStore({ path })
  const base = recent()
  const results = await Promise.allSettled(
    [3n, 1n, 4n, 0n, 2n].map((step) =>
      store.put('copied', Buffer.from(`version ${step}`), { version: base + step }),
    ),
  )
  expect(results[2]?.status).toBe('fulfilled')
  expect((await store.get('copied'))?.data.toString()).toBe('version 4')
})

test('a lower version is VERSION_CONFLICT with the present one, for put and delete', async () => {
  const store = await openStore()
  const version = recent()
  await store.put('x', Buffer.from('present'), { version })
  const latePut = store.put('x', Buffer.from('late'), { version: version - 1n })
  expect(await thrownBy(latePut)).toMatchObject({ code: 'VERSION_CONFLICT', details: { version } })
  const lateDelete = store.delete('x', { version: version - 1n })
  expect(await thrownBy(lateDelete)).toMatchObject({ code: 'VERSION_CONFLICT', details: { version } })
  expect((await store.get('x'))?.data.toString()).toBe('present')
})

test.each([
  ['small', 10],
  ['of exactly 1 MiB', 1_048_576],
  ['large', 1_500_000],
])('a copy that is %s, sent again, is not stored again', async (_, lengthBytes) => {
  const store = await openStore()
  const data = Buffer.alloc(lengthBytes, 'copy')
  const version = recent()
  expect((await store.put('x', data, { version })).created).toBe(true)
  const usedBytes = (await store.stats()).usedBytes
  const again = await store.put('x', data, { version })
  expect(again).toMatchObject({ created: false, version })
  expect((await store.stats()).usedBytes).toBe(usedBytes)
  expect((await store.get('x'))?.data.equals(data)).toBe(true)
})

test('of two blobs of one version the one with the higher checksum wins, whichever came first', async () => {
  const version = recent()
  const bodies = [Buffer.from('one'), Buffer.from('two')]
  const winners = await Promise.all(
    [bodies, bodies.toReversed()].map(async (order) => {
      const store = await openStore()
      for (const body of order) await store.put('x', body, { version }).catch(() => undefined)
      return (await store.get('x'))?.data.toString()
    }),
  )
  expect(winners[0]).toBe(winners[1])
})

test('a version more than a minute ahead is refused, one just below is taken', async () => {
  const store = await openStore()
  const ahead = (ms: number) => BigInt(Date.now() + ms) << 16n
  for (const version of [ahead(62_000), -1n, 2n ** 64n]) {
    expect((await thrownBy(store.put('x', Buffer.from('1'), { version }))).code).toBe('VERSION_INVALID')
    expect((await thrownBy(store.delete('x', { version }))).code).toBe('VERSION_INVALID')
  }
  const version = ahead(50_000)
  await store.put('x', Buffer.from('1'), { version })
  const next = await store.put('x', Buffer.from('2'))
  expect(next.version > version).toBe(true)
  expect(versionMs(next.version)).toBe(versionMs(version) + 1)
})

test('a delete is idempotent, and a put after it brings the name back', async () => {
  const store = await openStore()
  expect(await store.delete('x')).toEqual({ outcome: 'missing', version: undefined })
  const { version } = await store.put('x', Buffer.from('1'))
  const deleted = await store.delete('x')
  expect(deleted.outcome).toBe('deleted')
  expect((deleted.version ?? 0n) > version).toBe(true)
  const { sizeBytes } = (await store.stats()).volumes[0] ?? {}
  expect(await store.delete('x')).toEqual({ outcome: 'gone', version: deleted.version })
  expect((await store.stats()).volumes[0]?.sizeBytes).toBe(sizeBytes)
  expect(await store.get('x')).toBeUndefined()
  expect(await store.head('x')).toBeUndefined()
  const back = await store.put('x', Buffer.from('2'))
  expect(back.version > (deleted.version ?? 0n)).toBe(true)
  expect((await store.get('x'))?.data.toString()).toBe('2')
})

test('a delete that is copied hides blobs that arrive after it with lower versions', async () => {
  const store = await openStore()
  const version = recent()
  expect(await store.delete('x', { version })).toEqual({ outcome: 'deleted', version })
  expect(await store.delete('x', { version })).toEqual({ outcome: 'gone', version })
  const late = store.put('x', Buffer.from('late'), { version: version - 1n })
  expect(await thrownBy(late)).toMatchObject({ code: 'VERSION_CONFLICT', details: { version } })
  const same = store.put('x', Buffer.from('the same moment'), { version })
  expect((await thrownBy(same)).code).toBe('VERSION_CONFLICT')
})

test('preconditions are checked against the present blob', async () => {
  const store = await openStore()
  const failed = async (work: Promise<unknown>) =>
    expect((await thrownBy(work)).code).toBe('PRECONDITION_FAILED')
  await failed(store.put('x', Buffer.from('1'), { ifMatch: '*' }))
  await failed(store.delete('x', { ifMatch: '*' }))
  const first = await store.put('x', Buffer.from('1'), { ifNoneMatch: '*' })
  await failed(store.put('x', Buffer.from('2'), { ifNoneMatch: '*' }))
  const second = await store.put('x', Buffer.from('2'), { ifMatch: `"other", ${first.etag}` })
  await failed(store.put('x', Buffer.from('3'), { ifMatch: first.etag }))
  await failed(store.delete('x', { ifMatch: first.etag }))
  expect((await store.get('x'))?.data.toString()).toBe('2')
  expect((await store.delete('x', { ifMatch: second.etag })).outcome).toBe('deleted')
  await failed(store.put('x', Buffer.from('4'), { ifMatch: '*' }))
  await store.put('x', Buffer.from('4'), { ifNoneMatch: '*' })
})

test('of many puts that want to be the first exactly one is', async () => {
  const store = await openStore()
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, at) => store.put('x', Buffer.from(`${at}`), { ifNoneMatch: '*' })),
  )
  const winner = results.findIndex(({ status }) => status === 'fulfilled')
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect((await store.get('x'))?.data.toString()).toBe(`${winner}`)
})
