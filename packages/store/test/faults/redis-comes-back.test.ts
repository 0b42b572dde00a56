// Redis is emptied, restarted older, killed, frozen: what the store answers meanwhile and afterwards.
import { expect, onTestFinished, test } from 'vitest'
import { type Store, StoreError, type StoreOptions } from '../../src/index.js'
import { until } from '../helpers/daemon.js'
import { ExpectedBlobs, observe } from '../helpers/expected-blobs.js'
import { faultCount } from '../helpers/fault-count.js'
import { openStore } from '../helpers/open-store.js'
import { patientRedis, RedisServer } from '../helpers/redis-server.js'
import { printedRandom, type SeededRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { expectListing, type Listing, put, remove, whenBack } from '../key-map/expected-listing.js'
import { SyncGate } from '../key-map/sync-gate.js'

async function begin(more: Partial<StoreOptions> = {}, { commandTimeoutMs } = patientRedis) {
  const redis = await RedisServer.start()
  const path = temporaryDirectory()
  const open = () =>
    openStore({
      path,
      keyMap: { kind: 'redis', redis: { port: redis.port, commandTimeoutMs } },
      ...more,
    })
  return { redis, path, open, store: await open(), listing: new Map() as Listing }
}

/** 300 blobs, some overwritten, some deleted, over several volumes. */
async function fill(store: Store, listing: Listing): Promise<void> {
  await Promise.all(Array.from({ length: 300 }, (_, at) => put(store, listing, `n${at}`, `text ${at}`)))
  for (let at = 0; at < 40; at++) await put(store, listing, `n${at}`, `newer ${at}`)
  for (let at = 20; at < 60; at++) await remove(store, listing, `n${at}`)
}

/** What happened since the snapshot that Redis goes back to. */
async function change(store: Store, listing: Listing): Promise<void> {
  for (let at = 50; at < 80; at++) await put(store, listing, `n${at}`, `changed ${at}`)
  for (let at = 80; at < 110; at++) await remove(store, listing, `n${at}`)
  for (let at = 300; at < 330; at++) await put(store, listing, `n${at}`, `new ${at}`)
}

/** Nothing but the truth or KEY_MAP_AWAY, however soon one asks. */
async function expectNoLie(store: Store, listing: Listing): Promise<void> {
  await Promise.all(
    [...listing].map(async ([name, text]) => {
      const answer = await store.openBlob(name).catch((error: unknown) => error)
      if (answer instanceof StoreError) {
        expect(answer.code).toBe('KEY_MAP_AWAY')
        return
      }
      expect(answer, name).toMatchObject({ deleted: text === undefined })
    }),
  )
}

test('a Redis emptied under an open store is noticed by the first lookup and filled again', async () => {
  const { redis, store, listing } = await begin()
  await fill(store, listing)
  await redis.client.flushall()
  await expect(store.openBlob('n100')).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
  expect(store.ready()).toBe(false)
  await expectNoLie(store, listing)
  await expectListing(store, listing)
  expect(store.ready()).toBe(true)
  await redis.client.flushall()
  await expect(store.put('n100', Buffer.from('x'))).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
  await whenBack(() => put(store, listing, 'n100', 'put after it was emptied'))
  await expectListing(store, listing)
})

test('a Redis restarted from an old snapshot under an open store hides nothing and brings nothing back', async () => {
  const { redis, store, listing } = await begin()
  await fill(store, listing)
  const snapshot = await redis.snapshot()
  await change(store, listing)
  const restarted = redis.restartFrom(snapshot)
  for (let asked = 0; asked < 20; asked++) await expectNoLie(store, listing)
  await restarted
  await expectNoLie(store, listing)
  await expectListing(store, listing)
})

test('a Redis restarted from an old snapshot while the store was closed is replayed before it opens', async () => {
  const { redis, store, listing, open } = await begin({ volumeBytesMax: 8192 })
  await fill(store, listing)
  const snapshot = await redis.snapshot()
  await change(store, listing)
  await store.close()
  await redis.restartFrom(snapshot)
  const opened = await open()
  await expectListing(opened, listing)
  expect(await opened.openBlob('never')).toBeUndefined()
})

test('an old snapshot that looks current in the connection, put back without a restart, is found out', async () => {
  const { redis, store, listing } = await begin()
  await put(store, listing, 'a', 'one')
  const marker = (await redis.client.keys('*backpack:*')).find((key) => !key.endsWith(':token')) ?? ''
  const [oldValue, oldMarker] = [await redis.client.getBuffer('a'), await redis.client.dumpBuffer(marker)]
  await put(store, listing, 'a', 'two')
  const token = `${marker}:token`
  const tokenNow = await redis.client.get(token)
  await redis.client.set('a', oldValue as Buffer)
  await redis.client.restore(marker, 0, oldMarker, 'REPLACE')
  await redis.client.set(token, 'another process')
  await expectNoLie(store, listing)
  await expectListing(store, listing)
  expect(await redis.client.get(token)).not.toBe(tokenNow)
})

test('a put whose publication Redis never got is refused, and found once Redis is back', async () => {
  const gate = new SyncGate()
  const { redis, store, listing } = await begin({ files: gate.files })
  await fill(store, listing)
  gate.beforeSync = async () => {
    gate.beforeSync = undefined
    await redis.kill()
  }
  await expect(store.put('n5', Buffer.from('on disk'))).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
  await expect(store.openBlob('n5')).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
  await redis.restartFrom(undefined)
  listing.set('n5', 'on disk')
  await expectListing(store, listing)
})

test('a Redis emptied between the lookup and the publication of a put does not take it for the whole truth', async () => {
  const gate = new SyncGate()
  const { redis, store, listing } = await begin({ files: gate.files })
  await fill(store, listing)
  gate.beforeSync = async () => {
    gate.beforeSync = undefined
    await redis.client.flushall()
  }
  await expect(store.put('n5', Buffer.from('on disk'))).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
  listing.set('n5', 'on disk')
  await expectNoLie(store, listing)
  await expectListing(store, listing)
})

test('a needle that is committed while Redis is being filled is not left out', async () => {
  const gate = new SyncGate()
  const { redis, store, listing } = await begin({ files: gate.files })
  await Promise.all(Array.from({ length: 4_000 }, (_, at) => put(store, listing, `n${at}`, `text ${at}`)))
  const monitor = await redis.client.monitor()
  onTestFinished(() => monitor.disconnect())
  const frozen = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, [command, , value]: string[]) => {
      if (command?.toLowerCase() !== 'set' || value?.startsWith('1:') !== true) return
      monitor.removeAllListeners('monitor')
      redis.freeze()
      resolve()
    })
  })
  gate.beforeSync = async () => {
    gate.beforeSync = undefined
    await redis.client.flushall()
    await expect(store.openBlob('n1')).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
    await frozen
  }
  await expect(store.put('n7', Buffer.from('meanwhile'))).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
  redis.thaw()
  expect((await whenBack(() => store.get('n7')))?.data.toString()).toBe('meanwhile')
  expect((await whenBack(() => store.get('n3999')))?.data.toString()).toBe('text 3999')
})

test('a publication that a frozen Redis takes too late does no harm', async () => {
  const gate = new SyncGate()
  const { redis, store, listing, open } = await begin({ files: gate.files }, { commandTimeoutMs: 4_000 })
  await fill(store, listing)
  gate.beforeSync = () => {
    gate.beforeSync = undefined
    redis.freeze()
    return Promise.resolve()
  }
  await expect(store.put('late', Buffer.from('late'))).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
  expect(store.ready()).toBe(false)
  await expect(store.openBlob('n1')).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
  redis.thaw()
  listing.set('late', 'late')
  await expectListing(store, listing)
  await put(store, listing, 'late', 'later')
  await store.close()
  await expectListing(await open(), listing)
})

test('puts and deletes while Redis is killed and comes back empty, old or as it was lose nothing acknowledged', async () => {
  const rounds = faultCount('Redis killed while blobs are put and deleted', { short: 6, full: 100 })
  const random = printedRandom('Redis killed')
  const { redis, store, path } = await begin({ volumeBytesMax: 64 * 1024, durability: 'os' })
  const expected = new ExpectedBlobs()
  let snapshot: string | undefined
  for (let round = 0; round < rounds; round++) {
    const load = new Load(store, expected, random)
    await until(() => load.acknowledged > 60, 'blobs are acknowledged')
    const present = random.chance(0.3) ? await redis.snapshot() : undefined
    await redis.restartFrom(random.pick([undefined, snapshot, present]))
    const before = load.acknowledged
    await until(() => load.acknowledged > before + 60, 'blobs are acknowledged after the restart')
    await load.stop()
    snapshot = present ?? snapshot
    await expectAll(store, expected)
  }
  await store.close()
  await expectAll(await openStore({ path }), expected)
})

async function expectAll(store: Store, expected: ExpectedBlobs): Promise<void> {
  const names = expected.names()
  const observed = await whenBack(() => observe(store, names))
  const problems = names.flatMap((name) => {
    const seen = observed.get(name)
    return seen === undefined ? [] : (expected.problemWith(name, seen) ?? [])
  })
  expect(problems).toEqual([])
}

/** Eight clients that put and delete names of a small set; refusals for want of Redis are part of the game. */
class Load {
  acknowledged = 0
  #stopped = false
  readonly #clients: Promise<void>[]

  constructor(store: Store, expected: ExpectedBlobs, random: SeededRandom) {
    this.#clients = Array.from({ length: 8 }, async () => {
      while (!this.#stopped) await this.#operate(store, expected, random)
    })
  }

  async #operate(store: Store, expected: ExpectedBlobs, random: SeededRandom): Promise<void> {
    const name = `n${random.between(0, 150)}`
    const data = random.chance(0.2) ? undefined : random.bytes(random.between(1, 300))
    const attempt = expected.begin(name, data)
    try {
      const { version } = data === undefined ? await store.delete(name) : await store.put(name, data)
      if (version === undefined) expected.drop(name, attempt)
      else expected.acknowledge(name, attempt, version)
      this.acknowledged++
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'KEY_MAP_AWAY') throw error
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#clients)
  }
}
