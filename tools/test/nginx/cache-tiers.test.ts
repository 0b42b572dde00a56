// Frontend, two caches, storage edge and stores, all real: nothing is cached twice.
import type { NginxProcess } from '@backpack/test-cluster'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { NginxOptions } from '../../src/nginx/nginx-options.js'
import { imageSize } from './image-size.js'
import { snapshotOf } from './snapshots.js'
import { startTier } from './start-tier.js'
import { ask, deleteFrom, putOn, startNode, type StoreNode } from './store-nodes.js'

const photo = new URL('../../../packages/store/test/fixtures/images/food/an_apple_01.jpg', import.meta.url)
const namesMax = 60

interface Edge {
  readonly node: StoreNode
  readonly storage: NginxProcess
  readonly caches: readonly [NginxProcess, NginxProcess]
  readonly frontend: NginxProcess
}

async function startEdge(cacheOptions: Partial<NginxOptions> = {}): Promise<Edge> {
  const node = await startNode()
  const storage = await startTier({}, snapshotOf({ 1: [node] }))
  const cache = () => startTier({ tier: 'cache', storage: [storage.address], ...cacheOptions })
  const caches = [await cache(), await cache()] as const
  const frontend = await startTier({ tier: 'frontend', caches: caches.map(({ address }) => address) })
  return { node, storage, caches, frontend }
}

/** The keys of what a cache holds on disk, sorted. */
function keysOf({ directory }: NginxProcess): string[] {
  const files = readdirSync(join(directory, 'cache'), { recursive: true, withFileTypes: true })
  return files
    .filter((file) => file.isFile())
    .map((file) => /\nKEY: (.*)\n/.exec(readFileSync(join(file.parentPath, file.name), 'latin1'))?.[1] ?? '')
    .sort()
}

const statusOf = ({ headers }: Awaited<ReturnType<typeof ask>>) => headers['x-backpack-cache']

describe('nothing is cached twice', () => {
  test('each URL is kept by one of two caches and fetched once, however often it is asked for', async () => {
    const { node, caches, frontend } = await startEdge()
    const names = Array.from({ length: namesMax }, (_, index) => `photo//${index}?of=${index}:x%2F..`)
    for (const name of names) await putOn(node, `/${name}`, Buffer.from(name))
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(names.map((name) => ask(frontend.port, `/1:${name}`)))
      expect(answers.map(({ body }) => body.toString())).toEqual(names)
    }
    const [first, second] = [keysOf(caches[0]), keysOf(caches[1])]
    expect([...first, ...second].sort()).toEqual(names.map((name) => `/1:${name}`).sort())
    expect(first.length).toBeGreaterThan(0)
    expect(second.length).toBeGreaterThan(0)
    expect(node.store.gets.count).toBe(namesMax)
  })

  test('a photo that a hundred clients ask for at once is fetched once', async () => {
    const { node, caches, frontend } = await startEdge()
    await putOn(node, '/a', Buffer.alloc(100_000, 'x'))
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(frontend.port, '/1:a')))
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.length}`))).toEqual(
      new Set(['200 100000']),
    )
    expect(node.store.gets.count).toBe(1)
    expect([...keysOf(caches[0]), ...keysOf(caches[1])]).toEqual(['/1:a'])
  })

  test('GET, HEAD, ranges and conditions are met from one copy', async () => {
    const { node, caches, frontend } = await startEdge()
    await putOn(node, '/a', Buffer.from('0123456789'))
    const part = await ask(frontend.port, '/1:a', { headers: { Range: 'bytes=3-5' } })
    expect([part.status, part.body.toString()]).toEqual([206, '345'])
    const head = await ask(frontend.port, '/1:a', { method: 'HEAD' })
    expect([head.status, head.headers['content-length'], statusOf(head)]).toEqual([200, '10', 'HIT'])
    const etag = String(head.headers['etag'])
    expect((await ask(frontend.port, '/1:a', { headers: { 'If-None-Match': etag } })).status).toBe(304)
    expect((await ask(frontend.port, '/1:a', { headers: { Range: 'bytes=99-' } })).status).toBe(416)
    expect((await ask(frontend.port, '/1:a')).body.toString()).toBe('0123456789')
    expect(node.store.gets.count).toBe(1)
    expect([...keysOf(caches[0]), ...keysOf(caches[1])]).toEqual(['/1:a'])
  })

  test('a cache that comes takes only its share from the others', async () => {
    const { node, storage, caches } = await startEdge()
    const third = await startTier({ tier: 'cache', storage: [storage.address] })
    const names = Array.from({ length: namesMax }, (_, index) => `photo-${index}`)
    for (const name of names) await putOn(node, `/${name}`, Buffer.from(name))
    const askAll = async (members: readonly NginxProcess[]) => {
      const frontend = await startTier({ tier: 'frontend', caches: members.map(({ address }) => address) })
      for (const name of names) await ask(frontend.port, `/1:${name}`)
    }
    await askAll(caches)
    const before = caches.map(keysOf)
    await askAll([...caches, third])
    // What is kept twice now is what moved to the third; between the first two nothing moved.
    expect(caches.map(keysOf)).toEqual(before)
    expect(keysOf(third).length).toBeGreaterThan(0)
    expect(keysOf(third).length).toBeLessThan(namesMax * 0.7)
  })
})

test('a cache is down: its share goes to the other one, no client sees an error', async () => {
  const { node, caches, frontend } = await startEdge()
  const names = Array.from({ length: namesMax }, (_, index) => `photo-${index}`)
  for (const name of names) await putOn(node, `/${name}`, Buffer.from(name))
  await caches[0].stop()
  const answers = await Promise.all(names.map((name) => ask(frontend.port, `/1:${name}`)))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(keysOf(caches[1]).length).toBe(namesMax)
})

test('storage is away: what is cached is given, though it is past its time', async () => {
  const { node, storage, frontend } = await startEdge({ cacheValidSeconds: 1 })
  await putOn(node, '/a', Buffer.from('here'))
  await ask(frontend.port, '/1:a')
  await storage.stop()
  await expect.poll(async () => statusOf(await ask(frontend.port, '/1:a'))).toBe('STALE')
  expect((await ask(frontend.port, '/1:a')).body.toString()).toBe('here')
  expect((await ask(frontend.port, '/1:b')).status).toBe(502)
})

test('all nodes of a shard are away: that is no reason to leave the caches or edges of the others alone', async () => {
  const [node, dead] = [await startNode(), await startNode()]
  await putOn(node, '/a', Buffer.from('here'))
  await dead.stop()
  const model = snapshotOf({ 1: [node], 2: [dead] })
  const storage = [await startTier({}, model), await startTier({}, model)].map(({ address }) => address)
  const caches = [await startTier({ tier: 'cache', storage }), await startTier({ tier: 'cache', storage })]
  const frontend = await startTier({ tier: 'frontend', caches: caches.map(({ address }) => address) })
  for (let round = 0; round < 20; round++) {
    expect((await ask(frontend.port, `/2:lost-${round}`)).status).toBe(502)
    expect((await ask(frontend.port, `/1:a?${round}`)).status).toBe(404)
  }
  expect((await ask(frontend.port, '/1:a')).status).toBe(200)
})

test('past its time a photo is asked for by its ETag: unchanged, overwritten, deleted', async () => {
  const { node, frontend } = await startEdge({ cacheValidSeconds: 1 })
  await putOn(node, '/a', Buffer.from('first'))
  const seen = async () => {
    const answer = await ask(frontend.port, '/1:a')
    return `${statusOf(answer)} ${answer.status} ${answer.status === 200 ? answer.body.toString() : ''}`.trim()
  }
  const poll = () => expect.poll(seen, { interval: 50 })
  expect(await seen()).toBe('MISS 200 first')
  await poll().toBe('REVALIDATED 200 first')
  const bytes = node.store.gets.bytes
  await poll().toBe('REVALIDATED 200 first')
  expect(node.store.gets.bytes).toBe(bytes)
  await putOn(node, '/a', Buffer.from('second'))
  await poll().toBe('EXPIRED 200 second')
  await deleteFrom(node, '/a')
  await poll().toBe('EXPIRED 410')
  await poll().toBe('HIT 410')
})

test('a photo that was missing is found soon after it came', async () => {
  const { node, frontend } = await startEdge()
  expect((await ask(frontend.port, '/1:a')).status).toBe(404)
  await putOn(node, '/a', Buffer.from('here'))
  await expect.poll(async () => (await ask(frontend.port, '/1:a')).status, { interval: 200 }).toBe(200)
})

test('all four tiers: a resized photo is made once and kept by one cache', async () => {
  const node = await startNode()
  await putOn(node, '/a?b.jpg', readFileSync(photo))
  const storage = await startTier({}, snapshotOf({ 1: [node] }))
  const resizer = await startTier({ tier: 'resizer', storage: [storage.address] })
  const cache = () => startTier({ tier: 'cache', resizers: [resizer.address], storage: [storage.address] })
  const caches = [await cache(), await cache()]
  const frontend = await startTier({ tier: 'frontend', caches: caches.map(({ address }) => address) })
  for (let round = 0; round < 5; round++) {
    const answer = await ask(frontend.port, '/1:a?b.jpg?w=80')
    expect(imageSize(answer.body).width).toBe(80)
    expect(statusOf(answer)).toBe(round === 0 ? 'MISS' : 'HIT')
  }
  expect(caches.flatMap(keysOf)).toEqual(['/1:a?b.jpg?w=80'])
  expect(node.store.gets.count).toBe(1)
  expect((await ask(frontend.port, '/1:a?b.jpg?w=5000')).status).toBe(400)
  expect((await ask(frontend.port, '/1:a?b.jpg', { method: 'PUT' })).status).toBe(403)
})
