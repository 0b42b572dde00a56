// What each answer of a node means, and what is sent to it. Against node:http; with real stores in the coordinator's tests.
import { freePort } from '@backpack/test-cluster'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { HttpNodeClient, type HttpNodeClientOptions } from '../../src/nodes/http-node-client.js'
import { httpNode, nodeAt } from './listening-node.js'

const version = '0196f0a1b2c30001'
const etag = `"${version}-89abcdef"`

function makeClient(options: HttpNodeClientOptions = {}): HttpNodeClient {
  const client = new HttpNodeClient(options)
  onTestFinished(() => client.close())
  return client
}

describe('what an answer means', () => {
  test('a 200 is a blob with its version, size and type', async () => {
    const node = await httpNode((_request, response) => {
      response.setHeader('ETag', etag).setHeader('Content-Type', 'image/png').setHeader('Content-Length', 5)
      response.setHeader('Last-Modified', 'Thu, 01 Jan 1970 00:00:00 GMT').end('hello')
    })
    const client = makeClient()
    const blob = {
      version,
      etag,
      sizeBytes: 5,
      contentType: 'image/png',
      lastModified: 'Thu, 01 Jan 1970 00:00:00 GMT',
    }
    expect(await client.head(node, '/a')).toEqual({ outcome: 'found', blob })
    const got = await client.get(node, '/a')
    expect(got).toMatchObject({ outcome: 'found', blob })
    expect(got.outcome === 'found' && (await buffer(got.body)).toString()).toBe('hello')
  })

  test.each([
    { status: 404, headers: {}, result: { outcome: 'missing' } },
    { status: 410, headers: { 'X-Backpack-Version': version }, result: { outcome: 'deleted', version } },
    { status: 410, headers: {}, result: { outcome: 'deleted', version: undefined } },
  ])('a $status of a GET or HEAD is $result.outcome', async ({ status, headers, result }) => {
    const node = await httpNode((_request, response) => response.writeHead(status, headers).end('{}'))
    const client = makeClient()
    expect(await client.get(node, '/a')).toEqual(result)
    expect(await client.head(node, '/a')).toEqual(result)
  })

  test.each([
    { status: 201, headers: { ETag: etag }, result: { outcome: 'stored', created: true, version, etag } },
    { status: 204, headers: { ETag: etag }, result: { outcome: 'stored', created: false, version, etag } },
    { status: 409, headers: { 'X-Backpack-Version': version }, result: { outcome: 'older', version } },
    { status: 409, headers: {}, result: { outcome: 'older', version: undefined } },
  ])('a $status of a PUT is $result.outcome', async ({ status, headers, result }) => {
    const node = await httpNode((request, response) => {
      request.resume().on('end', () => response.writeHead(status, headers).end())
    })
    const put = makeClient().put(node, '/a', Buffer.from('x'), { sizeBytes: 1, contentType: undefined })
    expect(await put).toEqual(result)
  })

  test.each([
    { status: 204, headers: { 'X-Backpack-Version': version }, result: { outcome: 'deleted', version } },
    { status: 404, headers: {}, result: { outcome: 'missing' } },
    { status: 409, headers: { 'X-Backpack-Version': version }, result: { outcome: 'older', version } },
  ])('a $status of a DELETE is $result.outcome', async ({ status, headers, result }) => {
    const node = await httpNode((_request, response) => response.writeHead(status, headers).end())
    expect(await makeClient().delete(node, '/a', version)).toEqual(result)
  })

  test('a 503 is a node that is away; any other status is a refusal with the code of the store', async () => {
    const node = await httpNode((request, response) => {
      const status = Number(request.url?.slice(1))
      response.writeHead(status).end(JSON.stringify({ error: 'The disk is full', code: 'DISK_FULL' }))
    })
    const client = makeClient()
    const put = (status: number) =>
      client.put(node, `/${status}`, Buffer.from('x'), { sizeBytes: 1, contentType: undefined })
    await expect(put(503)).rejects.toMatchObject({
      code: 'NODE_AWAY',
      details: { nodeId: '4', status: 503, code: 'DISK_FULL' },
    })
    await expect(put(507)).rejects.toMatchObject({
      code: 'NODE_REFUSED',
      details: { nodeId: '4', status: 507, code: 'DISK_FULL' },
      message: expect.stringContaining('The disk is full') as string,
    })
    await expect(client.get(node, '/503')).rejects.toMatchObject({ code: 'NODE_AWAY' })
    await expect(client.get(node, '/500')).rejects.toMatchObject({ code: 'NODE_REFUSED' })
    await expect(client.delete(node, '/400')).rejects.toMatchObject({ code: 'NODE_REFUSED' })
  })

  test('a redirect is not followed', async () => {
    const asked: (string | undefined)[] = []
    const node = await httpNode((request, response) => {
      asked.push(request.url)
      response.writeHead(302, { Location: '/elsewhere' }).end()
    })
    await expect(makeClient().get(node, '/a')).rejects.toMatchObject({ details: { status: 302 } })
    expect(asked).toEqual(['/a'])
  })

  test('a 200 that is not of a store is a refusal', async () => {
    const node = await httpNode((_request, response) => response.end('<html>It works!</html>'))
    const client = makeClient()
    await expect(client.get(node, '/a')).rejects.toMatchObject({ code: 'NODE_REFUSED' })
    await expect(client.getJson(node, '/-/stats')).rejects.toMatchObject({ code: 'NODE_REFUSED' })
  })
})

describe('what is sent', () => {
  test.each([
    '//a',
    '/a/../b',
    '/a%2Fb',
    '/%2e%2e/x',
    '/a?w=1&h=2',
    '/?',
    '/a#b',
    '/a:b',
    '/%F0%9F%90%88',
    '/a;b=c',
  ])('the target %s arrives as it is', async (path) => {
    const asked: (string | undefined)[] = []
    const node = await httpNode((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      request.resume()
      response.writeHead(404).end()
    })
    const client = makeClient()
    await client.get(node, path)
    await client.head(node, path)
    await client.delete(node, path)
    expect(asked).toEqual([`GET ${path}`, `HEAD ${path}`, `DELETE ${path}`])
  })

  test.each(['a', '', '/a b', '/a\r\nX: y', '/\u00e9', '/\u{1f408}'])(
    'the target %j is refused and not sent',
    async (path) => {
      const node = await httpNode((_request, response) => response.end())
      const refused = { code: 'NODE_REFUSED', details: { status: 400 } }
      await expect(makeClient().get(node, path)).rejects.toMatchObject(refused)
      expect(node.connections()).toBe(0)
    },
  )

  test('a content type that is no header is refused', async () => {
    const node = await httpNode((_request, response) => response.end())
    const put = makeClient().put(node, '/a', Buffer.from('x'), { sizeBytes: 1, contentType: 'a/b\r\nX: y' })
    await expect(put).rejects.toMatchObject({ code: 'NODE_REFUSED', details: { status: 400 } })
  })

  async function receive(request: IncomingMessage) {
    const { headers } = request
    return { bytes: await buffer(request), headers }
  }

  test.each([
    { what: 'a small Buffer', bytes: Buffer.alloc(1000, 'x'), body: (bytes: Buffer) => bytes },
    { what: 'a large Buffer', bytes: Buffer.alloc(3_000_000, 'x'), body: (bytes: Buffer) => bytes },
    {
      what: 'a stream',
      bytes: Buffer.alloc(3_000_000, 'y'),
      body: (bytes: Buffer) => () => Readable.from([bytes.subarray(0, 1), bytes.subarray(1)]),
    },
  ])('$what goes out with its length, type and version', async ({ bytes, body }) => {
    let received: Awaited<ReturnType<typeof receive>> | undefined
    const node = await httpNode((request, response) => {
      void receive(request).then((all) => {
        received = all
        response.writeHead(201, { ETag: etag }).end()
      })
    })
    const options = { sizeBytes: bytes.length, contentType: 'image/gif', version }
    await makeClient().put(node, '/a', body(bytes), options)
    expect(received?.bytes.equals(bytes)).toBe(true)
    expect(received?.headers).toMatchObject({
      'content-length': String(bytes.length),
      'content-type': 'image/gif',
      'x-backpack-version': version,
    })
    expect(received?.headers['transfer-encoding']).toBeUndefined()
  })

  test('connections are used again, behind HEADs and refusals too', async () => {
    const node = await httpNode((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(request.method === 'PUT' ? 507 : 404).flushHeaders()
        setTimeout(() => response.end('{}'), 5)
      })
    })
    const client = makeClient({ connectionsPerNodeMax: 1 })
    for (let round = 0; round < 5; round++) {
      await client.head(node, '/a')
      await client.get(node, '/a')
      await client.delete(node, '/a')
      const put = client.put(node, '/a', Buffer.from('x'), { sizeBytes: 1, contentType: undefined })
      await expect(put).rejects.toMatchObject({ code: 'NODE_REFUSED' })
    }
    expect(node.connections()).toBe(1)
  })

  test('more requests than connections wait for their turn', async () => {
    const node = await httpNode((_request, response) => setImmediate(() => response.writeHead(404).end()))
    const client = makeClient({ connectionsPerNodeMax: 3 })
    const results = await Promise.all(Array.from({ length: 100 }, () => client.get(node, '/a')))
    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['missing']))
    expect(node.connections()).toBe(3)
  })

  test('nobody listens: every one of many requests says so', async () => {
    const node = nodeAt(await freePort(), {})
    const client = makeClient({ connectionsPerNodeMax: 2 })
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => client.get(node, '/a')))
    for (const result of asked) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'NODE_AWAY' } })
    }
  })

  test('a closed client says that the node is away, also to what is under way', async () => {
    const node = await httpNode(() => undefined)
    const client = makeClient()
    const asked = client.get(node, '/a')
    const refused = expect(asked).rejects.toMatchObject({ code: 'NODE_AWAY' })
    while (node.sockets.size === 0) await new Promise(setImmediate)
    await client.close()
    await refused
    await expect(client.get(node, '/a')).rejects.toMatchObject({ code: 'NODE_AWAY' })
    await Promise.all([...node.sockets].map((socket) => once(socket, 'close')))
  })
})
