// The edge right before real stores: which requests it takes, and which name it asks for.
import { expect, test } from 'vitest'
import { shardOf, snapshotOf } from './snapshots.js'
import { startTier } from './start-tier.js'
import { ask, putOn, startNode } from './store-nodes.js'
import { startAnswering } from './strange-server.js'

/** As a client writes them into the target. */
const oddNames = [
  'plain.jpg',
  'a/b/c.jpg',
  'photo.jpg?size=big',
  'photo.jpg?',
  '?',
  '?w=100',
  'two?questions?here',
  'a%2Fb.jpg',
  'a//b.jpg',
  '/leading.jpg',
  '//',
  'x/../y.jpg',
  'x/./y.jpg',
  '..',
  '../up.jpg',
  '%2E%2E/up.jpg',
  'x:y.jpg',
  ':',
  '::a:',
  '2:a',
  'a%20space.jpg',
  'a+plus.jpg',
  '100%25.jpg',
  '%2525.jpg',
  encodeURIComponent('кот 😀.jpg'),
  encodeURIComponent('ü'.repeat(512)),
  'a'.repeat(1000),
  `q?${'b'.repeat(998)}`,
  'quo"te\'s\\back',
  'a;b{c}d$e$uri$backpack_name',
  'statsx',
  'stats%3Fx',
  'x?stats',
  '-',
  '-x/y',
  '~tilde*star(paren)!',
  'http://other/x',
]

test('odd names survive the edge byte for byte', async () => {
  const node = await startNode()
  const edge = await startTier({}, snapshotOf({ 1: [node] }))
  for (const name of oddNames) {
    await putOn(node, `/${name}`, Buffer.from(`of ${name}`))
    const { status, body } = await ask(edge.port, `/1:${name}`)
    expect({ name, status, body: body.toString() }).toEqual({ name, status: 200, body: `of ${name}` })
  }
})

test('of a name that leads above the root nginx says 400, whatever the configuration', async () => {
  const node = await startNode()
  await putOn(node, '/a/../../b', Buffer.from('reachable through the coordinator only'))
  const edge = await startTier({}, snapshotOf({ 1: [node] }))
  expect((await ask(edge.port, '/1:a/../../b')).status).toBe(400)
})

test('HEAD is answered as GET is, without a body', async () => {
  const node = await startNode()
  await putOn(node, '/a', Buffer.from('12345'))
  const edge = await startTier({}, snapshotOf({ 1: [node] }))
  const answer = await ask(edge.port, '/1:a', { method: 'HEAD' })
  expect(answer).toMatchObject({ status: 200, headers: { 'content-length': '5' }, body: Buffer.alloc(0) })
})

test.each(['PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'])(
  '%s is refused with 403',
  async (method) => {
    const node = await startNode()
    await putOn(node, '/a', Buffer.from('here'))
    const edge = await startTier({}, snapshotOf({ 1: [node] }))
    const body = Buffer.alloc(8 * 2 ** 20)
    const answers = [
      await ask(edge.port, '/1:a', { method }),
      await ask(edge.port, '/1:b', { method, body: body.subarray(0, 1000) }),
      await ask(edge.port, '/unknown:b', { method }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403])
    expect((await ask(node.port, '/a')).status).toBe(200)
    expect((await ask(node.port, '/b')).status).toBe(404)
  },
)

test.each([
  '/',
  '/a',
  '/1',
  '/1:',
  '/2:a',
  '/01:a',
  '/1%3Aa',
  '/%31:a',
  '//1:a',
  '/x/1:a',
  '/:a',
  '/1 :a'.replace(' ', '%20'),
  '/?1:a',
  '/-:a',
  '/backpack-shard-1:a',
  '/default:a',
])('%s names no shard: 404', async (target) => {
  const node = await startNode()
  await putOn(node, '/a', Buffer.from('here'))
  const edge = await startTier({}, snapshotOf({ 1: [node], 7: [] }))
  expect((await ask(edge.port, target)).status).toBe(404)
})

test.each([
  'stats',
  'stats?x=1',
  '%73tats',
  's%74at%73?x',
  '-/live',
  '-/metrics',
  '-/stats?x',
  '%2D/metrics',
  '%2d%2Fmetrics',
  '-%2Flive',
])("a store's own page %s is not shown outside", async (name) => {
  const node = await startNode()
  const edge = await startTier({}, snapshotOf({ 1: [node] }))
  const answer = await ask(edge.port, `/1:${name}`)
  expect(answer.status).toBe(404)
  expect(answer.body.toString()).toContain('nginx')
})

test('ids of every kind lead to their own shard', async () => {
  const ids = ['1', '10', 'a', 'A', 'aB', 'Ab', '-', '_', '-x_', 'default', 'hostnames', 'include', '0', '00']
  const node = await startNode()
  const others = await startNode()
  const edge = await startTier({}, snapshotOf(Object.fromEntries(ids.map((id) => [id, [node]]))))
  for (const id of ids) {
    await putOn(node, `/${id}`, Buffer.from(id))
    const { status, body } = await ask(edge.port, `/${id}:${id}`)
    expect({ id, status, body: body.toString() }).toEqual({ id, status: 200, body: id })
  }
  await putOn(others, '/x', Buffer.from('of A'))
  const split = await startTier({}, snapshotOf({ a: [node], A: [others] }))
  expect((await ask(split.port, '/a:x')).status).toBe(404)
  expect((await ask(split.port, '/A:x')).body.toString()).toBe('of A')
})

test('a shard without nodes is answered with 503, the others are served', async () => {
  const node = await startNode()
  await putOn(node, '/a', Buffer.from('here'))
  const shards = new Map([
    ['1', shardOf('1', [node])],
    ['2', shardOf('2', [])],
  ])
  const edge = await startTier({}, { shards })
  expect((await ask(edge.port, '/2:a')).status).toBe(503)
  expect((await ask(edge.port, '/1:a')).status).toBe(200)
})

test('a target with scheme and host asks for the same photo (RFC 9112, 3.2.2)', async () => {
  const node = await startNode()
  await putOn(node, '/a//b?c', Buffer.from('here'))
  const edge = await startTier({}, snapshotOf({ 1: [node] }))
  expect((await ask(edge.port, 'http://photos.example.com/1:a//b?c')).body.toString()).toBe('here')
  expect((await ask(edge.port, 'http://photos.example.com')).status).toBe(404)
})

test('ranges and conditions reach the store', async () => {
  const node = await startNode()
  await putOn(node, '/a', Buffer.from('0123456789'))
  const edge = await startTier({}, snapshotOf({ 1: [node] }))
  const part = await ask(edge.port, '/1:a', { headers: { Range: 'bytes=2-4' } })
  expect([part.status, part.body.toString()]).toEqual([206, '234'])
  const etag = String(part.headers['etag'])
  expect((await ask(edge.port, '/1:a', { headers: { 'If-None-Match': etag } })).status).toBe(304)
})

test('other headers and a body stay outside', async () => {
  const node = await startAnswering(200)
  const edge = await startTier({}, snapshotOf({ 1: [node] }))
  const answer = await ask(edge.port, '/1:a', {
    headers: { 'Content-Length': '5', Cookie: 'a=b', 'X-Backpack-Version': 'nonsense', Range: 'bytes=0-1' },
    body: Buffer.from('12345'),
  })
  expect(answer.status).toBe(200)
  expect(node.headers).toEqual([{ host: 'backpack-shard-1', range: 'bytes=0-1' }])
})

test('with a server name, requests for other hosts are refused with 421', async () => {
  const node = await startNode()
  await putOn(node, '/a', Buffer.from('here'))
  const serverNames = ['photos.example.com', '*.img.example.com']
  const edge = await startTier({ serverNames }, snapshotOf({ 1: [node] }))
  const statusFor = async (host: string) => (await ask(edge.port, '/1:a', { headers: { Host: host } })).status
  expect(await statusFor('photos.example.com')).toBe(200)
  expect(await statusFor('a.img.example.com')).toBe(200)
  expect(await statusFor('example.com')).toBe(421)
})
