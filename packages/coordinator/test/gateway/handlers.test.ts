// Each handler where all is well, and what it refuses as Backrunner did; keys of every kind.
import { pathOfName } from '@backpack/cluster-model'
import { describe, expect, test } from 'vitest'
import { jsonOf, patternBytes, send } from '../helpers/http-request.js'
import { requestOnce } from '../helpers/raw-http.js'
import { namesIn } from './names-in.js'
import { aclLine, authorizationOf, type SmallGateway, smallGateway } from './small-gateway.js'

interface UploadAnswer {
  readonly bucket: string
  readonly key: string
  readonly reply: {
    readonly info: readonly Readonly<Record<string, unknown>>[]
    readonly 'success-groups': readonly number[]
    readonly 'error-groups': readonly number[]
  }
}

function upload({ gatewayPort }: SmallGateway, target: string, body: Buffer | string = 'meow') {
  return send(gatewayPort, 'POST', target, { body })
}

describe('an upload', () => {
  test.each(['POST', 'PUT'])('by %s to a bucket says where the blob is', async (method) => {
    const gateway = await smallGateway({ nodesPerShard: [2, 1], options: { copies: 2 } })
    const headers = { 'Content-Type': 'image/webp' }
    const answer = await send(gateway.gatewayPort, method, '/upload/1/cat.jpg', { body: 'meow', headers })
    expect([answer.status, answer.headers['x-backpack-copies']]).toEqual([200, '2'])
    const { bucket, key, reply } = jsonOf<UploadAnswer>(answer)
    expect([bucket, key, [...reply['success-groups']].sort(), reply['error-groups']]).toEqual([
      '1',
      'cat.jpg',
      [11, 12],
      [],
    ])
    expect(reply.info[0]).toMatchObject({ backend: 0, size: 4, filename: '/cat.jpg', error: null })
    for (const id of ['11', '12']) {
      const stored = await gateway.node(id).store.get('cat.jpg')
      expect([stored?.data.toString(), stored?.info.contentType]).toEqual(['meow', 'image/webp'])
    }
    expect(await namesIn(gateway, '21')).toEqual([])
  })

  test('without a bucket goes to one that takes it', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1, 1] })
    const answer = await upload(gateway, '/nobucket_upload/folder/cat.jpg')
    const { bucket, key } = jsonOf<UploadAnswer>(answer)
    expect([answer.status, key]).toEqual([200, 'folder/cat.jpg'])
    expect(await namesIn(gateway, `${bucket}1`)).toEqual(['folder/cat.jpg'])
  })

  test('without a bucket never goes where its user may not write', async () => {
    const acl = (user: string) => [aclLine(user, 'write'), aclLine(user === 'wendy' ? 'walter' : 'wendy')]
    const gateway = await smallGateway({
      nodesPerShard: [1, 1, 1],
      acls: { 1: acl('wendy'), 2: acl('walter'), 3: acl('walter') },
    })
    const chosen = new Set<string>()
    for (let at = 0; at < 20; at++) {
      const path = `/nobucket_upload/${at}`
      const headers = { Authorization: authorizationOf({ user: 'wendy', method: 'POST', path }) }
      const answer = await send(gateway.gatewayPort, 'POST', path, { body: 'meow', headers })
      expect(answer.status).toBe(200)
      chosen.add(jsonOf<UploadAnswer>(answer).bucket)
    }
    expect([...chosen]).toEqual(['1'])
    expect([await namesIn(gateway, '21'), await namesIn(gateway, '31')]).toEqual([[], []])
  })

  test('of many bytes is stored as it is', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    const bytes = patternBytes(5_000_001)
    expect((await upload(gateway, '/upload/1/large', bytes)).status).toBe(200)
    expect((await gateway.node('11').read('large'))?.equals(bytes)).toBe(true)
  })

  test('is refused as Backrunner did, and stores nothing', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    const { gatewayPort: port } = gateway
    const status = async (target: string, headers: Record<string, string> = {}, body = 'meow') => {
      return (await send(port, 'POST', target, { headers, body })).status
    }
    expect(await status('/upload')).toBe(400)
    expect(await status('/upload/')).toBe(400)
    expect(await status('/upload/1')).toBe(400)
    expect(await status('/upload/1/')).toBe(400)
    expect(await status('/upload//cat.jpg')).toBe(400)
    expect(await status('/upload/9/cat.jpg')).toBe(400)
    expect(await status('/nobucket_upload')).toBe(400)
    expect(await status('/nobucket_upload/')).toBe(400)
    expect(await status('/upload/1/cat.jpg', { Range: 'bytes=10-' })).toBe(400)
    expect(await status('/nobucket_upload/cat.jpg', { Range: 'bytes=0-' })).toBe(400)
    expect(await status('/upload/1/cat.jpg?offset=10')).toBe(400)
    expect(await status('/upload/1/cat.jpg', { 'If-None-Match': '*' })).toBe(400)
    expect(await status('/upload/1/cat.jpg', { 'If-Match': '"x"' })).toBe(400)
    expect(await status('/upload/1/cat.jpg', {}, '')).toBe(400)
    expect(await status('/nobucket_upload/cat.jpg', {}, '')).toBe(400)
    expect(await status(`/upload/1/${'k'.repeat(1_025)}`)).toBe(414)
    expect(await status('/upload/1/a%00b')).toBe(400)
    expect(await status('/upload/1/%ff')).toBe(400)
    for (const head of ['', 'Transfer-Encoding: chunked\r\n']) {
      const body = head === '' ? '' : '4\r\nmeow\r\n0\r\n\r\n'
      const request = `PUT /upload/1/cat.jpg HTTP/1.1\r\nHost: a\r\n${head}\r\n${body}`
      expect((await requestOnce(port, request)).status).toBe(400)
    }
    expect(await namesIn(gateway, '11')).toEqual([])
  })

  test('that no node takes is 503 in plain words', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    await gateway.node('11').stop()
    const answer = await upload(gateway, '/upload/1/cat.jpg')
    expect([answer.status, answer.headers['content-type']]).toEqual([503, 'text/plain; charset=utf-8'])
    expect(answer.headers['retry-after']).toBeDefined()
    expect((await upload(gateway, '/nobucket_upload/cat.jpg')).status).toBe(503)
  })
})

describe('a key', () => {
  test.each([
    ['a/b/c.jpg', 'a/b/c.jpg'],
    ['a%2Fb', 'a/b'],
    ['a%252Fb', 'a%2Fb'],
    ['100%25', '100%'],
    ['100%2525', '100%25'],
    ['what%3Fx=1', 'what?x=1'],
    ['a%23b', 'a#b'],
    ['a+b', 'a+b'],
    ['a%2Bb', 'a+b'],
    ['a b'.replace(' ', '%20'), 'a b'],
    ['//a//b//', '//a//b//'],
    ['a/../b', 'a/../b'],
    ['%2e%2e/b', '../b'],
    ['caf%C3%A9', 'caf\u00e9'],
    ['%F0%9F%90%88.jpg', '\u{1f408}.jpg'],
    ["a;b=c,d:e@f&g=h!$'()*~", "a;b=c,d:e@f&g=h!$'()*~"],
    ['a?x=1', 'a'],
  ])('%s is decoded once, to %s, wherever it is used', async (written, name) => {
    const gateway = await smallGateway({
      nodesPerShard: [1],
      proxy: { 'redirect-port': 'node', 'redirect-token': 'of the redirects' },
    })
    const { gatewayPort: port } = gateway
    const uploaded = await upload(gateway, `/upload/1/${written}`)
    expect([uploaded.status, jsonOf<UploadAnswer>(uploaded).key]).toEqual([200, name])
    expect(await namesIn(gateway, '11')).toEqual([name])
    const fetched = await send(port, 'GET', `/get/1/${written}`)
    expect([fetched.status, fetched.body.toString()]).toEqual([200, 'meow'])
    expect((await send(port, 'HEAD', `/get/1/${written}`)).headers['content-length']).toBe('4')
    const looked = await send(port, 'GET', `/lookup/1/${written}`)
    expect(jsonOf<UploadAnswer['reply']>(looked)['success-groups']).toEqual([11])
    const { status, headers } = await send(port, 'GET', `/redirect/1/${written}`)
    const [location] = (headers.location ?? '').split('?')
    // Whoever follows a link resolves `..` in it.
    const followable = !name.split('/').includes('..')
    const expected = followable ? [302, gateway.node('11').url + pathOfName(name)] : [400, '']
    expect([status, location]).toEqual(expected)
    expect((await send(port, 'POST', `/delete/1/${written}`)).status).toBe(200)
    expect(await namesIn(gateway, '11')).toEqual([])
  })

  test('that the stores keep for themselves is refused', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    for (const key of ['stats', '-/live', '-/x', '%2d/live']) {
      expect((await upload(gateway, `/upload/1/${key}`)).status).toBe(400)
      expect((await send(gateway.gatewayPort, 'GET', `/get/1/${key}`)).status).toBe(400)
      expect((await send(gateway.gatewayPort, 'POST', `/delete/1/${key}`)).status).toBe(400)
    }
  })
})

describe('what reads', () => {
  test.each(['get', 'lookup', 'redirect', 'delete'])(
    '/%s refuses an address that lacks something',
    async (handler) => {
      const gateway = await smallGateway({ nodesPerShard: [1] })
      const method = handler === 'delete' ? 'POST' : 'GET'
      const status = async (target: string) => (await send(gateway.gatewayPort, method, target)).status
      for (const target of ['', '/', '/1', '/1/', '//x', '/9/x', '/1/%ff']) {
        expect([target, await status(`/${handler}${target}`)]).toEqual([target, 400])
      }
    },
  )

  test('answers a bad range with 416 on /get and 400 on /redirect', async () => {
    const gateway = await smallGateway({
      nodesPerShard: [1],
      proxy: { 'redirect-port': 'node', 'redirect-token': 'of the redirects' },
    })
    await upload(gateway, '/upload/1/a')
    const headers = { Range: 'bytes=100-' }
    expect((await send(gateway.gatewayPort, 'GET', '/get/1/a', { headers })).status).toBe(416)
    expect((await send(gateway.gatewayPort, 'GET', '/redirect/1/a', { headers })).status).toBe(400)
  })

  test('answers 404 for a blob that is not there', async () => {
    const gateway = await smallGateway({
      nodesPerShard: [1],
      proxy: { 'redirect-port': 'node', 'redirect-token': 'of the redirects' },
    })
    for (const handler of ['get', 'lookup', 'redirect']) {
      const answer = await send(gateway.gatewayPort, 'GET', `/${handler}/1/nothing`)
      expect([answer.status, answer.headers['content-type']]).toEqual([404, 'text/plain; charset=utf-8'])
    }
    expect((await send(gateway.gatewayPort, 'POST', '/delete/1/nothing')).status).toBe(404)
  })
})

test('/ping answers, and configured headers are on every answer, errors included', async () => {
  const gateway = await smallGateway({ nodesPerShard: [1], proxy: { headers: { 'X-Everywhere': 'yes' } } })
  const { gatewayPort: port } = gateway
  expect((await send(port, 'GET', '/ping')).status).toBe(200)
  expect((await send(port, 'GET', '/ping/')).status).toBe(200)
  await upload(gateway, '/upload/1/a')
  for (const [method, target] of [
    ['GET', '/ping/'],
    ['GET', '/get/1/a'],
    ['HEAD', '/get/1/a'],
    ['GET', '/get/1/nothing'],
    ['GET', '/get/9/a'],
    ['GET', '/nothing'],
    ['POST', '/get/1/a'],
    ['GET', '/stat/'],
  ] as const) {
    const { headers } = await send(port, method, target)
    expect([method, target, headers['x-everywhere']]).toEqual([method, target, 'yes'])
  }
  for (const [bytes, status] of [
    ['garbage\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['GET /ping/ HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n', 417],
  ] as const) {
    const answer = await requestOnce(port, bytes)
    expect([bytes, answer.status, answer.headers]).toEqual([
      bytes,
      status,
      expect.arrayContaining([['X-Everywhere', 'yes']]),
    ])
  }
})
