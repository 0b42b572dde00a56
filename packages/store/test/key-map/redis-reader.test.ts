// A store opened to read only, on a Redis that it must leave as it is.
import { expect, test } from 'vitest'
import { openStore } from '../helpers/open-store.js'
import { patientRedis, RedisServer } from '../helpers/redis-server.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { expectListing, type Listing, put, remove } from './expected-listing.js'

const readingCommands = ['client', 'exec', 'get', 'hello', 'hget', 'hmget', 'info', 'multi', 'select']

async function begin() {
  const redis = await RedisServer.start()
  const options = {
    path: temporaryDirectory(),
    keyMap: { kind: 'redis', redis: { port: redis.port, ...patientRedis } },
  } as const
  const open = (readOnly: boolean) => openStore({ ...options, readOnly })
  return { redis, open, store: await open(false), listing: new Map() as Listing }
}

/** The commands that Redis has run since the last CONFIG RESETSTAT, without those of this test. */
async function commandsOf({ client }: RedisServer): Promise<string[]> {
  const names = [...(await client.info('commandstats')).matchAll(/^cmdstat_([^:|]+)/gm)].map(
    ([, name]) => name ?? '',
  )
  return [...new Set(names)].filter((name) => name !== 'config' && name !== 'dbsize').sort()
}

test('a reader beside the daemon gives every blob and sends Redis nothing that writes', async () => {
  const { redis, open, store, listing } = await begin()
  for (let at = 0; at < 100; at++) await put(store, listing, `n${at}`, `text ${at}`)
  await remove(store, listing, 'n5')
  const keysBefore = await redis.client.dbsize()
  await redis.client.config('RESETSTAT')
  const reader = await open(true)
  await expectListing(reader, listing)
  expect(await reader.openBlob('never')).toBeUndefined()
  await expect(reader.put('a', Buffer.from('a'))).rejects.toMatchObject({ code: 'READ_ONLY' })
  await reader.close()
  expect((await commandsOf(redis)).filter((command) => !readingCommands.includes(command))).toEqual([])
  expect(await redis.client.dbsize()).toBe(keysBefore)
  await put(store, listing, 'n1', 'the daemon goes on undisturbed')
  await expectListing(store, listing)
})

test('a reader never calls a blob missing because Redis lags behind, and says what to do', async () => {
  const { redis, open, store, listing } = await begin()
  for (let at = 0; at < 10; at++) await put(store, listing, `n${at}`, `text ${at}`)
  const snapshot = await redis.snapshot()
  await put(store, listing, 'n1', 'newer')
  await put(store, listing, 'n10', 'only in the directory')
  await store.close()
  await redis.restartFrom(snapshot)
  const reader = await open(true)
  for (const name of ['n1', 'n10', 'never', 'n2']) {
    await expect(reader.openBlob(name)).rejects.toMatchObject({
      code: 'KEY_MAP_AWAY',
      message: expect.stringContaining('start the store') as string,
    })
  }
  await redis.client.flushall()
  await expect(reader.openBlob('n1')).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
  const writer = await open(false)
  await expectListing(reader, listing)
  await writer.close()
})

test('a reader that the daemon has overtaken does not call a rewritten name missing', async () => {
  const { open, store, listing } = await begin()
  await put(store, listing, 'a', 'one')
  await put(store, listing, 'b', 'one')
  const reader = await open(true)
  await put(store, listing, 'a', 'two')
  await expect(reader.openBlob('a')).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
  expect((await reader.get('b'))?.data.toString()).toBe('one')
  await expectListing(await open(true), listing)
})
