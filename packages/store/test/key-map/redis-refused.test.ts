// What a store says of a Redis that it cannot use, at open and beside others.
import { cpSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Store, StoreOptions } from '../../src/index.js'
import { openStore } from '../helpers/open-store.js'
import { freePort, patientRedis, RedisServer } from '../helpers/redis-server.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { thrownBy } from '../helpers/thrown.js'

type RedisSettings = NonNullable<Extract<StoreOptions['keyMap'], { kind: 'redis' }>['redis']>

function open(redis: RedisSettings, more: Partial<StoreOptions> = {}): Promise<Store> {
  return openStore({ keyMap: { kind: 'redis', redis: { ...patientRedis, ...redis } }, ...more })
}

test('a Redis that may drop keys is refused with what to set, whether or not CONFIG is allowed', async () => {
  const settings = ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru']
  for (const more of [[], ['--rename-command', 'CONFIG', '']]) {
    const { port } = await RedisServer.start(...settings, ...more)
    const error = await thrownBy(open({ port }))
    expect(error.code).toBe('KEY_MAP_REFUSED')
    expect(error.message).toContain('allkeys-lru')
    expect(error.message).toContain('maxmemory-policy noeviction')
  }
})

test('a memory limit without eviction, and an eviction policy without a limit, are both accepted', async () => {
  const limited = await RedisServer.start('--maxmemory', '100mb', '--maxmemory-policy', 'noeviction')
  await open({ port: limited.port })
  const unlimited = await RedisServer.start('--maxmemory-policy', 'allkeys-lru')
  const store = await open({ port: unlimited.port })
  await store.put('a', Buffer.from('a'))
  await unlimited.client.config('SET', 'maxmemory', '100mb')
  await unlimited.client.flushall()
  await expect(store.openBlob('a')).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
})

test('a full Redis makes puts wait, and loses none', async () => {
  const redis = await RedisServer.start()
  const store = await open({ port: redis.port })
  await store.put('a', Buffer.from('a'))
  await redis.client.config('SET', 'maxmemory', '1')
  await expect(store.put('b', Buffer.from('b'))).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
  await redis.client.config('SET', 'maxmemory', '0')
  await expect.poll(() => store.ready(), { timeout: 20_000 }).toBe(true)
  expect((await store.get('b'))?.data.toString()).toBe('b')
})

test('a replica is refused to a writer', async () => {
  const primary = await RedisServer.start()
  const replica = await RedisServer.start('--replicaof', '127.0.0.1', String(primary.port))
  const error = await thrownBy(open({ port: replica.port }))
  expect(error).toMatchObject({
    code: 'KEY_MAP_REFUSED',
    message: expect.stringContaining('replica') as string,
  })
})

test('without a Redis to talk to, opening fails and lets the directory go', async () => {
  const path = temporaryDirectory()
  const frozen = await RedisServer.start()
  frozen.freeze()
  for (const port of [await freePort(), frozen.port]) {
    expect((await thrownBy(open({ port, commandTimeoutMs: 500 }, { path }))).code).toBe('KEY_MAP_AWAY')
  }
  await openStore({ path })
})

test('a Redis that wants a password is refused', async () => {
  const { port } = await RedisServer.start()
  const locked = await RedisServer.start()
  await locked.client.config('SET', 'requirepass', 'secret')
  expect((await thrownBy(open({ port: locked.port }))).code).toBe('KEY_MAP_REFUSED')
  await open({ port })
})

test('two stores share a Redis only under prefixes of which none begins another', async () => {
  const { port } = await RedisServer.start()
  const first = await open({ port, prefix: 'a:' })
  await first.put('x', Buffer.from('first'))
  for (const prefix of ['', 'a', 'a:', 'a:b']) {
    const error = await thrownBy(open({ port, prefix }))
    expect(error.code, prefix).toBe('KEY_MAP_REFUSED')
    expect(error.message).toContain('--redis-prefix')
  }
  const second = await open({ port, prefix: 'b:' })
  const third = await open({ port, db: 1 })
  expect(await second.openBlob('x')).toBeUndefined()
  expect(await third.openBlob('x')).toBeUndefined()
  await second.put('x', Buffer.from('second'))
  expect((await first.get('x'))?.data.toString()).toBe('first')
  expect((await second.get('x'))?.data.toString()).toBe('second')
})

test('two processes on copies of one directory take Redis from each other but never mix it up', async () => {
  const { port } = await RedisServer.start()
  const path = temporaryDirectory()
  const origin = await open({ port }, { path })
  await origin.put('both', Buffer.from('both'))
  await origin.close()
  const copy = temporaryDirectory()
  cpSync(path, copy, { recursive: true })
  const [one, other] = [await open({ port }, { path }), await open({ port }, { path: copy })]
  await expect(one.put('mine', Buffer.from('one'))).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
  for (const store of [one, other, one]) {
    const answer = await store.openBlob('both').catch((error: unknown) => error)
    expect(answer).not.toBeUndefined()
  }
})

test('the Redis of a 2013 store is left alone', async () => {
  const { port, client } = await RedisServer.start()
  await client.hset('files', '1', '{"readOnly":true}')
  await client.set('photo.jpg', '1:128:4096')
  const error = await thrownBy(open({ port }))
  expect(error.code).toBe('KEY_MAP_REFUSED')
  expect(error.message).toContain('2013')
  expect(await client.get('photo.jpg')).toBe('1:128:4096')
  await open({ port, prefix: 'new:' })
})

test('keys written with other serialisers are refused, and served with the right ones', async () => {
  const { port, client } = await RedisServer.start()
  const path = temporaryDirectory()
  const short = { encodeKey: (name: Buffer) => Buffer.from(name.toString('hex')), ...binaryValues }
  const store = await open({ port, ...short }, { path })
  await store.put('a', Buffer.from('a'))
  await store.delete('a')
  await store.put('b', Buffer.from('b'))
  expect((await client.getBuffer('61'))?.length).toBe(13)
  await store.close()
  expect((await thrownBy(open({ port }, { path }))).code).toBe('KEY_MAP_REFUSED')
  expect((await thrownBy(open({ port }, { path, readOnly: true }))).code).toBe('KEY_MAP_REFUSED')
  const again = await open({ port, ...short }, { path })
  expect((await again.get('b'))?.data.toString()).toBe('b')
  expect((await again.openBlob('a'))?.deleted).toBe(true)
})

test('serialisers that do not give back what they were given are refused', async () => {
  const { port } = await RedisServer.start()
  const forgetful = {
    ...binaryValues,
    decodeValue: (value: Buffer) => ({ ...decode(value), tombstone: false }),
  }
  expect((await thrownBy(open({ port, ...forgetful }))).code).toBe('INVALID_OPTIONS')
})

function decode(value: Buffer) {
  return {
    volumeId: value.readUInt32LE(0),
    offsetBytes: value.readUInt32LE(4),
    lengthBytes: value.readUInt32LE(8),
    tombstone: value[12] === 1,
  }
}

const binaryValues = {
  encodeValue: (entry: ReturnType<typeof decode>) => {
    const value = Buffer.alloc(13)
    value.writeUInt32LE(entry.volumeId, 0)
    value.writeUInt32LE(entry.offsetBytes, 4)
    value.writeUInt32LE(entry.lengthBytes, 8)
    value[12] = entry.tombstone ? 1 : 0
    return value
  },
  decodeValue: (value: Buffer) => (value.length === 13 ? decode(value) : undefined),
}
