import { appendFileSync, rmSync, truncateSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { DataFiles2013 } from '../../src/import/from-2013/data-files.js'
import { LogSource2013 } from '../../src/import/from-2013/log-source.js'
import { RedisIndex2013 } from '../../src/import/from-2013/redis-index.js'
import { RedisSource2013 } from '../../src/import/from-2013/redis-source.js'
import { StoreTarget } from '../../src/import/store-target.js'
import type { Store } from '../../src/index.js'
import { openStore } from '../helpers/open-store.js'
import { RedisServer } from '../helpers/redis-server.js'
import { printedRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { type ImportRun, runToEnd } from './run.js'
import { Store2013 } from './store-2013.js'

const long = `albums/${'very-'.repeat(80)}long.jpg`

/** With names of every kind that both ways of import can read. */
async function fill(original: Store2013): Promise<Map<string, string>> {
  await original.addFile()
  await original.put('old.jpg', 'as it was')
  await original.put('a.jpg', 'photo a')
  original.hole(5_000)
  await original.put('dir/b.png?size=1', 'photo b')
  await original.put('sp%20ace%2Fslash.jpg', 'decoded')
  await original.put('%D0%BF%D1%80.jpg', 'cyrillic')
  await original.put(long, 'long name')
  await original.addFile()
  await original.put('old.jpg', 'as it is', { fileId: 2 })
  await original.put('large', Buffer.alloc(2_000_000, 'large'), { fileId: 2 })
  return new Map([
    ['old.jpg', 'as it is'],
    ['a.jpg', 'photo a'],
    ['dir/b.png?size=1', 'photo b'],
    ['sp ace/slash.jpg', 'decoded'],
    ['пр.jpg', 'cyrillic'],
    [long, 'long name'],
    ['large', 'large'.repeat(400_000)],
  ])
}

async function importByRedis(original: Store2013, port: number): Promise<{ store: Store; run: ImportRun }> {
  const index = await RedisIndex2013.open({ host: '127.0.0.1', port })
  const source = new RedisSource2013(await DataFiles2013.open(original.directory), index)
  onTestFinished(() => source.close())
  const store = await openStore()
  return { store, run: await runToEnd(source, new StoreTarget(store), { verify: true }) }
}

async function importByLogs(original: Store2013): Promise<{ store: Store; run: ImportRun }> {
  const source = new LogSource2013(await DataFiles2013.open(original.directory))
  onTestFinished(() => source.close())
  const store = await openStore()
  return { store, run: await runToEnd(source, new StoreTarget(store), { verify: true }) }
}

async function listing(store: Store): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for await (const { info } of store.scan()) {
    found.set(info.name, (await store.get(info.name))?.data.toString() ?? '')
  }
  return new Map([...found].sort())
}

function failures({ results }: ImportRun): (string | undefined)[][] {
  return results
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ origin, reason }) => [origin.split(' (')[0], reason])
}

test('what Redis points at is imported under decoded names, and nothing of the original changes', async () => {
  const redis = await RedisServer.start()
  const original = new Store2013(temporaryDirectory(), redis.client)
  const expected = await fill(original)
  await original.put('unborn.jpg', 'the process died before Redis knew', { inRedis: false })
  await redis.client.save()
  const before = original.contents()
  const keysBefore = await redisContents(redis.client)
  const monitor = await redis.client.monitor()
  onTestFinished(() => monitor.disconnect())
  const commands = new Set<string>()
  monitor.on('monitor', (_time: string, [command = '']: string[]) => commands.add(command.toLowerCase()))

  const { store, run } = await importByRedis(original, redis.port)
  expect(failures(run)).toEqual([])
  expect(run.summary).toMatchObject({ counts: { imported: 7, failed: 0 }, verified: 7, mismatched: 0 })
  expect(await listing(store)).toEqual(new Map([...expected].sort()))
  expect((await store.head('a.jpg'))?.contentType).toBe('image/jpeg')
  expect((await store.head('dir/b.png?size=1'))?.contentType).toBe('image/png')

  expect(original.contents()).toEqual(before)
  const marker = `end-${Date.now()}`
  await redis.client.echo(marker)
  await expect.poll(() => [...commands], { timeout: 20_000 }).toContain('echo')
  commands.delete('echo')
  const reading = ['hello', 'info', 'client', 'hgetall', 'dbsize', 'scan', 'mget', 'select', 'quit']
  expect([...commands].filter((command) => !reading.includes(command))).toEqual([])
  expect(await redisContents(redis.client)).toEqual(keysBefore)
})

async function redisContents(client: Redis): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>()
  for (const key of (await client.keys('*')).sort()) {
    found.set(key, key === 'files' ? await client.hgetall(key) : await client.get(key))
  }
  return found
}

test('without Redis the newest record of each name counts, and nothing of the original changes', async () => {
  const original = new Store2013(temporaryDirectory())
  const expected = await fill(original)
  await original.put('a.jpg', 'photo a, again')
  await original.put('unborn.jpg', 'the process died before Redis knew')
  expected.set('a.jpg', 'photo a, again')
  expected.set('unborn.jpg', 'the process died before Redis knew')
  const before = original.contents()
  const { store, run } = await importByLogs(original)
  expect(failures(run)).toEqual([])
  expect(run.summary.verified).toBe(8)
  expect(await listing(store)).toEqual(new Map([...expected].sort()))
  expect(original.contents()).toEqual(before)
})

test.each(['redis', 'logs'] as const)(
  'raw names that decode to one are reported, the later blob wins; by %s',
  async (by) => {
    const redis = await RedisServer.start()
    const original = new Store2013(temporaryDirectory(), redis.client)
    await original.addFile()
    await original.addFile()
    await original.put('x y'.replace(' ', '%20'), 'lost: escaped, earlier', { fileId: 1 })
    await original.put('x y', 'wins: plain, later file', { fileId: 2 })
    await original.put('p+q', 'lost: plain, earlier', { fileId: 1 })
    await original.put('p%2Bq', 'lost: escaped, in the middle', { fileId: 1 })
    await original.put('p%2bq', 'wins: escaped otherwise, latest', { fileId: 1 })
    await original.put('100%25', 'alone')
    await original.put('%zz.jpg', 'no escape')
    await original.put('%C3%28', 'no UTF-8')
    await original.put('%00', 'a control character')
    await original.put('%73tats', 'reserved')
    const { store, run } =
      by === 'redis' ? await importByRedis(original, redis.port) : await importByLogs(original)
    expect(await listing(store)).toEqual(
      new Map([
        ['100%', 'alone'],
        ['p+q', 'wins: escaped otherwise, latest'],
        ['x y', 'wins: plain, later file'],
      ]),
    )
    const problems = new Map(failures(run).map(([origin = '', reason = '']) => [origin, reason]))
    expect([...problems.keys()]).toEqual(['%00', '%73tats', '%C3%28', '%zz.jpg', 'p%2Bq', 'p+q', 'x%20y'])
    expect(problems.get('x%20y')).toContain('x y')
    expect(problems.get('p+q')).toContain('p%2bq')
    expect(problems.get('p%2Bq')).toContain('p%2bq')
    expect(run.summary.counts).toMatchObject({ imported: 3, failed: 7 })
  },
)

test('blobs whose bytes are not there, and values that say nothing, are failures of their own', async () => {
  const redis = await RedisServer.start()
  const original = new Store2013(temporaryDirectory(), redis.client)
  await fill(original)
  await redis.client.set('strange', 'a:b:c')
  await redis.client.set('nowhere', '9:0:10')
  await redis.client.set('nothing', '1:0:0')
  await redis.client.set('past', '1:999999:10')
  await redis.client.set(Buffer.from([0x61, 0xe9]), '1:0:3')
  await redis.client.sadd('a-set', 'member')
  const { run } = await importByRedis(original, redis.port)
  expect(failures(run).map(([origin]) => origin)).toEqual(['a\\xe9', 'nothing', 'nowhere', 'past', 'strange'])
  expect(run.summary.counts).toMatchObject({ imported: 7, failed: 5 })
  const truncated = new Store2013(original.directory)
  truncateSync(truncated.dataPath(2), 100)
  const again = await importByRedis(original, redis.port)
  expect(failures(again.run).map(([origin]) => origin)).toContain('large')
})

test('a log with garbage, a cut name or no log at all: what can be read is imported, the rest is reported', async () => {
  const original = new Store2013(temporaryDirectory())
  await original.addFile()
  await original.put('before', 'before')
  await original.put('имя.jpg', 'its name is cut')
  appendFileSync(original.metaPath(), Buffer.alloc(13, 0xff))
  await original.put('after', 'after')
  await original.addFile()
  await original.put('nameless', 'nameless', { fileId: 2 })
  rmSync(original.metaPath(2))
  const { store, run } = await importByLogs(original)
  expect([...(await listing(store)).keys()]).toEqual(['after', 'before'])
  expect(run.summary.counts).toMatchObject({ imported: 2, failed: 3 })
  const reasons = failures(run).map(([, reason]) => reason)
  expect(reasons.filter((reason) => reason?.includes('beyond ASCII'))).toHaveLength(1)
  expect(reasons.filter((reason) => reason?.includes('no record'))).toHaveLength(1)
  expect(reasons.filter((reason) => reason?.includes('data_2.meta is missing'))).toHaveLength(1)
})

test('a directory without data files, a Redis of somebody else and no Redis are refused', async () => {
  await expect(DataFiles2013.open(temporaryDirectory())).rejects.toMatchObject({ code: 'IMPORT_INVALID' })
  const redis = await RedisServer.start()
  await redis.client.set('key', 'value')
  const address = { host: '127.0.0.1', port: redis.port }
  await expect(RedisIndex2013.open(address)).rejects.toMatchObject({ code: 'IMPORT_INVALID' })
  await redis.kill()
  await expect(RedisIndex2013.open(address)).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
})

test('a thousand random names come over byte by byte, the same by Redis and by logs', async () => {
  const random = printedRandom('2013 names')
  const redis = await RedisServer.start()
  const original = new Store2013(temporaryDirectory(), redis.client)
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789-_./?&='
  const expected = new Map<string, string>()
  const files = 3
  for (let file = 0; file < files; file++) await original.addFile()
  for (let blob = 0; blob < 1_000; blob++) {
    const length = random.chance(0.05) ? random.between(200, 900) : random.between(1, 40)
    const name = `n${Array.from({ length }, () => random.pick([...letters])).join('')}`
    const data = random.bytes(random.between(1, 200)).toString('latin1')
    await original.put(name, Buffer.from(data, 'latin1'), { fileId: 1 + Math.floor((blob * files) / 1_000) })
    expected.set(name, data)
  }
  for (const { store, run } of [await importByRedis(original, redis.port), await importByLogs(original)]) {
    expect(failures(run)).toEqual([])
    expect(run.summary).toMatchObject({ counts: { imported: expected.size }, mismatched: 0 })
    for (const [name, data] of expected) {
      expect((await store.get(name))?.data.toString('latin1')).toBe(data)
    }
  }
})
