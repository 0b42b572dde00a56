// What goes in through the coordinator comes out again, with tasks for the copies in the queue.
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { jsonOf, patternBytes, send } from './helpers/http-request.js'
import { dueTasks, smallCluster } from './helpers/small-cluster.js'

const oddNames = [
  'plain.jpg',
  'with space.jpg',
  'a?w=1&h=2',
  '100%.jpg',
  '%41',
  'x:y:z',
  ':',
  '1:x',
  '//double//slash/',
  'dots/../up/./x',
  'ümläut-日本.jpg',
  '🐈‍⬛.jpg',
  'plus+and;semi,comma',
  'back\\slash',
  'hash#tag',
  'quotes\'"<>',
  '*~!()',
  'stats/',
  '-',
  'x'.repeat(1024),
  '🐈'.repeat(256),
]

describe('names', () => {
  test('odd ones come back byte for byte, through the coordinator and at the node that took them', async () => {
    const { port, node, queue } = await smallCluster()
    for (const name of oddNames) {
      const body = Buffer.from(`bytes of ${name}`)
      const target = encodeURIComponent(name)
      const put = await send(port, 'PUT', `/${target}`, { body })
      expect(put.status, name).toBe(200)
      const got = await send(port, 'GET', `/1:${target}`)
      expect(got.status, name).toBe(200)
      expect(got.body.equals(body), name).toBe(true)
      expect(got.headers.etag, name).toBe(put.headers.etag)
      const kept = await Promise.all(['11', '12'].map((id) => node(id).read(name)))
      expect(kept.filter((bytes) => bytes?.equals(body)).length, name).toBe(1)
    }
    const paths = (await dueTasks(queue)).map(({ task }) => decodeURIComponent(task.path.slice(1)))
    expect(paths.sort()).toEqual([...oddNames].sort())
  })

  test('are the raw target, decoded once: query, slashes and plus signs are part of them', async () => {
    const { port } = await smallCluster()
    for (const [written, read] of [
      ['/a?b=c', '/1:a%3Fb%3Dc'],
      ['//a//', '/1:%2Fa%2F/'],
      ['/a%2Fb', '/1:a/b'],
      ['/a+b', '/1:a%2Bb'],
    ] as const) {
      expect((await send(port, 'PUT', written, { body: written })).status).toBe(200)
      expect((await send(port, 'GET', read)).body.toString(), written).toBe(written)
    }
  })

  test.each([
    ['/', 400, 'NAME_INVALID'],
    ['/%FF', 400, 'NAME_INVALID'],
    ['/a%00', 400, 'NAME_INVALID'],
    ['/LONG', 414, 'NAME_TOO_LONG'],
    ['/%2D/x', 400, 'NAME_RESERVED'],
  ])('%s is refused with %i', async (target, status, code) => {
    const { port } = await smallCluster()
    const answer = await send(port, 'PUT', target.replace('LONG', 'x'.repeat(1025)), { body: 'x' })
    expect(answer.status).toBe(status)
    expect(jsonOf(answer)).toMatchObject({ code, error: expect.any(String) as string })
  })
})

test('the answer to an upload is that of 2013, with shard, version, ETag and copies in its headers', async () => {
  const { port, node } = await smallCluster()
  const answer = await send(port, 'PUT', '/cat.jpg', {
    body: 'meow',
    headers: { 'Content-Type': 'image/jpeg' },
  })
  expect(answer.status).toBe(200)
  expect(answer.body.toString()).toBe('{"shard_id":"1"}')
  const info = (await node('11').store.head('cat.jpg')) ?? (await node('12').store.head('cat.jpg'))
  expect(info?.contentType).toBe('image/jpeg')
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'x-backpack-shard': '1',
    'x-backpack-copies': '1',
    'x-backpack-version': info?.version.toString(16).padStart(16, '0'),
    etag: info?.etag,
  })
})

test('one task per other node is in the queue when the answer is there', async () => {
  const { port, nodes, queue } = await smallCluster({ nodesPerShard: [3] })
  const answer = await send(port, 'PUT', '/cat%3F.jpg', { body: 'meow' })
  const holder = [...nodes.values()].map(async ({ id, store }) => ((await store.head('cat?.jpg')) ? id : ''))
  const [from] = (await Promise.all(holder)).filter((id) => id !== '')
  const tasks = (await dueTasks(queue)).map(({ task }) => task)
  const version = answer.headers['x-backpack-version']
  expect(tasks.sort((a, b) => a.to.localeCompare(b.to))).toEqual(
    ['11', '12', '13']
      .filter((id) => id !== from)
      .map((to) => ({ op: 'copy', shard: '1', path: '/cat%3F.jpg', version, from: [from], to })),
  )
})

test('an overwrite by X-Backpack-Shard goes to the same node and is newer', async () => {
  const { port, nodes } = await smallCluster({ nodesPerShard: [3, 3] })
  const headers = { 'X-Backpack-Shard': '2' }
  const first = await send(port, 'PUT', '/cat.jpg', { body: 'one', headers })
  const second = await send(port, 'PUT', '/cat.jpg', { body: 'two', headers })
  expect(jsonOf(second)).toEqual({ shard_id: '2' })
  expect(second.headers['x-backpack-version']! > first.headers['x-backpack-version']!).toBe(true)
  const kept = await Promise.all(
    [...nodes.values()].map(async (node) => (await node.read('cat.jpg'))?.toString()),
  )
  expect(kept.filter((text) => text !== undefined)).toEqual(['two'])
  expect((await send(port, 'GET', '/2:cat.jpg')).body.toString()).toBe('two')
})

describe('a large body', () => {
  test('goes through a spool file and leaves none', async () => {
    const { port, spoolDirectory } = await smallCluster()
    const body = patternBytes(20 * 1024 * 1024)
    const put = await send(port, 'PUT', '/large', { body })
    expect(put.status).toBe(200)
    const got = await send(port, 'GET', '/1:large')
    expect(got.body.equals(body)).toBe(true)
    expect(readdirSync(spoolDirectory)).toEqual([])
  })

  test('in chunks is stored with its length', async () => {
    const { port } = await smallCluster()
    const body = patternBytes(3 * 1024 * 1024)
    const answer = await fetch(`http://127.0.0.1:${port}/chunked`, {
      method: 'PUT',
      body: new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(body)
          controller.close()
        },
      }),
      duplex: 'half',
    })
    expect(answer.status).toBe(200)
    expect((await send(port, 'HEAD', '/1:chunked')).headers['content-length']).toBe(String(body.length))
  })
})

describe('reads', () => {
  test('pass ranges and conditions on, and the node’s answers back', async () => {
    const { port } = await smallCluster()
    const { headers } = await send(port, 'PUT', '/cat.txt', { body: '0123456789' })
    const etag = headers.etag!
    const get = (conditions: Record<string, string>) =>
      send(port, 'GET', '/1:cat.txt', { headers: conditions })
    const part = await get({ Range: 'bytes=2-4' })
    expect([part.status, part.headers['content-range'], part.body.toString()]).toEqual([
      206,
      'bytes 2-4/10',
      '234',
    ])
    const unchanged = await get({ 'If-None-Match': etag })
    expect([unchanged.status, unchanged.headers.etag, unchanged.body.length]).toEqual([304, etag, 0])
    const since = await get({ 'If-Modified-Since': new Date(Date.now() + 1_000).toUTCString() })
    expect(since.status).toBe(304)
    const past = await get({ Range: 'bytes=10-' })
    expect([past.status, past.headers['content-range']]).toEqual([416, 'bytes */10'])
    const stale = await get({ Range: 'bytes=2-4', 'If-Range': '"0000000000000000-00000000"' })
    expect([stale.status, stale.body.toString()]).toEqual([200, '0123456789'])
  })

  test('have the headers of the node, HEAD too', async () => {
    const { port } = await smallCluster()
    await send(port, 'PUT', '/cat.jpg', { body: 'meow' })
    const expected = {
      'content-type': 'image/jpeg',
      'content-length': '4',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      etag: expect.stringMatching(/^"[0-9a-f]{16}-[0-9a-f]{8}"$/) as string,
      'last-modified': expect.stringContaining('GMT') as string,
    }
    expect((await send(port, 'GET', '/1:cat.jpg')).headers).toMatchObject(expected)
    const head = await send(port, 'HEAD', '/1:cat.jpg')
    expect(head.headers).toMatchObject(expected)
    expect(head.body.length).toBe(0)
  })

  test.each([
    ['/1:missing.jpg', 404, 'NOT_FOUND'],
    ['/7:cat.jpg', 404, 'NOT_FOUND'],
    ['/cat.jpg', 400, 'ADDRESS_INVALID'],
    ['/1:', 400, 'NAME_INVALID'],
    ['/1:%FF', 400, 'NAME_INVALID'],
  ])('of %s are answered with %i', async (target, status, code) => {
    const { port } = await smallCluster()
    const answer = await send(port, 'GET', target)
    expect(answer.status).toBe(status)
    expect(jsonOf(answer)).toMatchObject({ code })
    expect((await send(port, 'HEAD', target)).status).toBe(status)
  })
})

test.each([
  ['POST', '/cat.jpg', {}, 405, 'METHOD_NOT_ALLOWED'],
  ['PUT', '/cat.jpg', {}, 411, 'LENGTH_REQUIRED'],
  ['PUT', '/cat.jpg', { body: '' }, 411, 'LENGTH_REQUIRED'],
  ['PUT', '/cat.jpg', { body: 'x', headers: { 'X-Backpack-Shard': '9' } }, 400, 'SHARD_UNKNOWN'],
  ['PUT', '/cat.jpg', { body: 'x', headers: { 'X-Backpack-Copies': '0' } }, 400, 'COPIES_INVALID'],
  ['PUT', '/cat.jpg', { body: 'x', headers: { 'X-Backpack-Copies': 'two' } }, 400, 'COPIES_INVALID'],
  ['PUT', '/cat.jpg', { body: 'x', headers: { 'If-None-Match': '*' } }, 400, 'CONDITION_REFUSED'],
  ['DELETE', '/1:cat.jpg', { headers: { 'If-Match': '"x"' } }, 400, 'CONDITION_REFUSED'],
  ['GET', '/-/nothing', {}, 404, 'NOT_FOUND'],
])('%s %s %o is answered with %i', async (method, target, options, status, code) => {
  const { port, queue } = await smallCluster()
  const answer = await send(port, method, target, options)
  expect(answer.status).toBe(status)
  expect(jsonOf(answer)).toMatchObject({ code })
  expect(await dueTasks(queue)).toEqual([])
})
