// What a client with the cluster secret sends, and whom it never asks.
import { checkDaemonSignature, Secret, daemonSignatureHeader } from '@backpack/signing'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { HttpNodeClient } from '../../src/nodes/http-node-client.js'
import type { NodeClient } from '../../src/nodes/node-client.js'
import { NodePools } from '../../src/nodes/node-pools.js'
import { httpNode, type ListeningNode } from './listening-node.js'

const clusterSecret = new Secret('the secret of this cluster')
const version = '0196f0a1b2c30001'
const etag = `"${version}-89abcdef"`
const bytes = Buffer.alloc(600_000, 'abc')
const checksum = crc32(bytes).toString(16).padStart(8, '0')
const options = { sizeBytes: bytes.length, contentType: ' image/gif ', version, checksum }

/** A node that says of every request whether its signature is right, and which checksum it holds. */
async function checkingNode(): Promise<{ node: ListeningNode; seen: string[] }> {
  const seen: string[] = []
  const node = await httpNode((request, response) => {
    seen.push(signatureOf(request))
    request.resume().on('end', () => {
      response.setHeader('ETag', etag).setHeader('X-Backpack-Version', version)
      response.writeHead(request.method === 'PUT' ? 201 : request.method === 'DELETE' ? 204 : 200)
      response.end(request.method === 'GET' ? '{}' : undefined)
    })
  })
  return { node, seen }
}

function signatureOf({ method = '', url = '', headers }: IncomingMessage): string {
  const header = headers[daemonSignatureHeader] as string | undefined
  if (header === undefined) return `${method} unsigned`
  const request = {
    method,
    target: url,
    sizeBytes: Number(headers['content-length'] ?? 0),
    version: headers['x-backpack-version'] as string | undefined,
    contentType: headers['content-type'],
  }
  const checked = checkDaemonSignature(clusterSecret, request, { header })
  return checked.valid ? `${method} ${checked.checksum ?? 'signed'}` : `${method} ${checked.reason}`
}

function makeClient(secret?: Secret): NodeClient {
  const client = new HttpNodeClient(secret === undefined ? {} : { clusterSecret: secret })
  onTestFinished(() => client.close())
  return client
}

describe('a client with the cluster secret', () => {
  test('signs every request as the store receives it', async () => {
    const { node, seen } = await checkingNode()
    const client = makeClient(clusterSecret)
    const path = '/a%20b?c=%C3%BC'
    await client.put(node, path, bytes, options)
    await client.put(node, path, () => Readable.from([bytes]), options)
    await client.put(node, path, bytes, { sizeBytes: bytes.length, contentType: undefined, checksum })
    await client.delete(node, path, version)
    await client.delete(node, path)
    await client.getJson(node, '/-/stats')
    await buffer(await client.getStream(node, '/-/digest?before=1'))
    await client.head(node, path).catch(() => undefined)
    await client.get(node, path).catch(() => undefined)
    const put = `PUT ${checksum}`
    const rest = ['DELETE signed', 'DELETE signed', 'GET signed', 'GET signed', 'HEAD signed', 'GET signed']
    expect(seen).toEqual([put, put, put, ...rest])
  })

  test.each(['image/gif\u00a0', '\u00a0image/gif', '\t image/gif \u00a0\t '])(
    'signs the type %j as it arrives: only spaces and tabs around it are lost',
    async (contentType) => {
      const { node, seen } = await checkingNode()
      await makeClient(clusterSecret).put(node, '/a', bytes, { ...options, contentType })
      expect(seen).toEqual([`PUT ${checksum}`])
    },
  )

  test('sends no body without a checksum', async () => {
    const { node, seen } = await checkingNode()
    const put = makeClient(clusterSecret).put(node, '/a', bytes, { sizeBytes: 1, contentType: undefined })
    await expect(put).rejects.toThrow(TypeError)
    expect(seen).toEqual([])
  })
})

test('without a secret nothing is signed', async () => {
  const { node, seen } = await checkingNode()
  const client = makeClient()
  await client.put(node, '/a', bytes, options)
  await client.delete(node, '/a', version)
  await client.getJson(node, '/-/stats')
  expect(seen).toEqual(['PUT unsigned', 'DELETE unsigned', 'GET unsigned'])
})

describe('pools of connections', () => {
  const limits = { connectionsPerNodeMax: 1, connectMs: 10_000 }

  test('sign what goes through them when they have the secret', async () => {
    const { node, seen } = await checkingNode()
    const pools = new NodePools({ ...limits, clusterSecret })
    const plain = new NodePools(limits)
    onTestFinished(async () => {
      await pools.close()
      await plain.close()
    })
    for (const each of [pools, plain]) {
      const { body } = await each
        .get(node.url)
        .request({ method: 'GET', path: '/a?b', headers: { range: 'bytes=0-1' } })
      expect(await text(body)).toBe('{}')
    }
    expect(seen).toEqual(['GET signed', 'GET unsigned'])
  })

  test('refuse headers that they cannot read', async () => {
    const { node, seen } = await checkingNode()
    const pools = new NodePools({ ...limits, clusterSecret })
    onTestFinished(() => pools.close())
    const asked = pools.get(node.url).request({ method: 'GET', path: '/a', headers: ['range', 'bytes=0-1'] })
    await expect(asked).rejects.toThrow(TypeError)
    expect(seen).toEqual([])
  })
})

describe('a node that answers with another address', () => {
  test.each([301, 302, 303, 307, 308])('of a %i is refused, and nobody else is asked', async (status) => {
    const { node: other, seen } = await checkingNode()
    const asked: string[] = []
    const node = await httpNode((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      request.resume().on('end', () => response.writeHead(status, { Location: `${other.url}/b` }).end())
    })
    const client = makeClient(clusterSecret)
    const requests = [
      () => client.head(node, '/a'),
      () => client.get(node, '/a'),
      () => client.put(node, '/a', bytes, options),
      () => client.delete(node, '/a', version),
      () => client.getJson(node, '/-/stats'),
      () => client.getStream(node, '/-/digest?before=1'),
    ]
    for (const ask of requests)
      await expect(ask()).rejects.toMatchObject({ code: 'NODE_REFUSED', details: { status } })
    expect(asked).toHaveLength(requests.length)
    expect({ seen, connections: other.connections() }).toEqual({ seen: [], connections: 0 })
  })

  test.each([
    ['an absolute target', (url: string) => `${url}/a`],
    ['a target of another host', () => '//127.0.0.2/a'],
    ['a second request', () => '/a HTTP/1.1\r\nHost: b\r\n\r\nDELETE /b'],
  ])('%s never leaves the node of the model', async (_, targetOf) => {
    const { node: other, seen } = await checkingNode()
    const asked: (string | undefined)[] = []
    const node = await httpNode((request, response) => {
      asked.push(request.url)
      response.writeHead(404).end()
    })
    const target = targetOf(other.url)
    await makeClient(clusterSecret)
      .get(node, target)
      .catch((error: unknown) => expect(error).toMatchObject({ code: 'NODE_REFUSED' }))
    expect(seen).toEqual([])
    expect(asked.filter((each) => each !== target)).toEqual([])
  })
})
