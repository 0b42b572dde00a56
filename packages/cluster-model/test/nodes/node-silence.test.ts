// Nodes that stop in the middle of something, sources that are slow, requests that are given up. The deadline is short
// here; no test says how long anything took.
import { until } from '@backpack/test-cluster'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { HttpNodeClient, type HttpNodeClientOptions } from '../../src/nodes/http-node-client.js'
import { httpNode, socketNode } from './listening-node.js'

const idleMs = 250
/** For nodes that say something first, and for those that end it themselves: a busy machine is no silence. */
const longMs = 60_000
/** For nodes and sources that are slow, but not silent. */
const patientMs = 3_000
const etag = '"0196f0a1b2c30001-89abcdef"'
const away = { code: 'NODE_AWAY', details: { nodeId: '4' } }
const head = (bytes: number) => `HTTP/1.1 200 OK\r\nETag: ${etag}\r\nContent-Length: ${bytes}\r\n\r\n`

function makeClient(options: HttpNodeClientOptions = {}): HttpNodeClient {
  const client = new HttpNodeClient({ idleMs, ...options })
  onTestFinished(() => client.close())
  return client
}

async function bodyOf(client: HttpNodeClient, node: Parameters<HttpNodeClient['get']>[0]): Promise<Readable> {
  const got = await client.get(node, '/a')
  if (got.outcome !== 'found') throw new Error(got.outcome)
  return got.body
}

/** Gives a piece whenever `next` resolves, then ends. */
function pieces(count: number, bytes: number, next: () => Promise<unknown>): Readable {
  return Readable.from(
    (async function* () {
      for (let piece = 0; piece < count; piece++) {
        await next()
        yield Buffer.alloc(bytes, 'x')
      }
    })(),
  )
}

describe('a node that', () => {
  test('accepts and never answers is away, whatever it was asked', async () => {
    const node = await socketNode((socket) => socket.resume())
    const client = makeClient()
    const options = { sizeBytes: 1, contentType: undefined }
    await expect(client.get(node, '/a')).rejects.toMatchObject(away)
    await expect(client.head(node, '/a')).rejects.toMatchObject(away)
    await expect(client.delete(node, '/a')).rejects.toMatchObject(away)
    await expect(client.put(node, '/a', Buffer.from('x'), options)).rejects.toMatchObject(away)
    const stream = () => Readable.from([Buffer.from('x')])
    await expect(client.put(node, '/a', stream, options)).rejects.toMatchObject(away)
    await expect(client.getJson(node, '/-/stats')).rejects.toMatchObject(away)
    await until(() => node.ended() >= 6, 'the connections are ended')
  })

  test('never answers holds up those that wait for its one connection no longer than itself', async () => {
    const node = await socketNode((socket) => socket.resume())
    const client = makeClient({ connectionsPerNodeMax: 1 })
    const asked = await Promise.allSettled(Array.from({ length: 10 }, () => client.get(node, '/a')))
    for (const result of asked) expect(result).toMatchObject({ status: 'rejected', reason: away })
  })

  test('resets the connection is away', async () => {
    const node = await socketNode((socket) => socket.once('data', () => socket.resetAndDestroy()))
    await expect(makeClient({ idleMs: longMs }).get(node, '/a')).rejects.toMatchObject(away)
  })

  test('answers with something else than HTTP is away', async () => {
    const node = await socketNode((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
    await expect(makeClient({ idleMs: longMs }).get(node, '/a')).rejects.toMatchObject(away)
  })

  test('stops in the middle of a body fails the stream', async () => {
    const node = await socketNode((socket) => socket.once('data', () => socket.write(`${head(100)}half`)))
    const body = await bodyOf(makeClient({ idleMs: patientMs }), node)
    await expect(buffer(body)).rejects.toMatchObject(away)
  })

  test.each([
    { how: 'resets', end: 'resetAndDestroy' as const },
    { how: 'closes', end: 'destroySoon' as const },
  ])('$how the connection in the middle of a body fails the stream', async ({ end }) => {
    const node = await socketNode((socket) => {
      socket.once('data', () => socket.write(`${head(100)}half`, () => socket[end]()))
    })
    const body = await bodyOf(makeClient({ idleMs: longMs }), node)
    await expect(buffer(body)).rejects.toMatchObject(away)
  })

  test('fails while nobody reads its body yet does not end the process', async () => {
    const node = await socketNode((socket) => {
      socket.once('data', () =>
        socket.write(`${head(100)}half`, () => setTimeout(() => socket.destroy(), 20)),
      )
    })
    const body = await bodyOf(makeClient({ idleMs: longMs }), node)
    await until(() => body.destroyed, 'the stream has failed')
    await expect(buffer(body)).rejects.toThrow()
  })

  test('sends slowly, but never stops, is waited for', async () => {
    const node = await httpNode((_request, response) => {
      response.writeHead(200, { ETag: etag, 'Content-Length': 10 })
      void (async () => {
        for (let byte = 0; byte < 10; byte++) {
          response.write('x')
          await delay(patientMs / 8)
        }
        response.end()
      })()
    })
    expect((await buffer(await bodyOf(makeClient({ idleMs: patientMs }), node))).length).toBe(10)
  })

  test('is ready before its reader is not blamed for the reader', async () => {
    const bytes = 4_000_000
    const node = await httpNode((_request, response) => {
      response.writeHead(200, { ETag: etag, 'Content-Length': bytes }).end(Buffer.alloc(bytes))
    })
    const body = await bodyOf(makeClient({ idleMs: patientMs }), node)
    let received = 0
    let waited = false
    for await (const piece of body as AsyncIterable<Buffer>) {
      received += piece.length
      if (!waited) await delay(patientMs * 1.2)
      waited = true
    }
    expect(received).toBe(bytes)
  })
})

test('what a node said while this process was busy counts', async () => {
  let sendRest: () => void = () => undefined
  const node = await httpNode((_request, response) => {
    response.writeHead(200, { ETag: etag, 'Content-Length': 10 }).write('hello')
    sendRest = () => response.end('world')
  })
  const silenceMs = patientMs / 2
  const body = await bodyOf(makeClient({ idleMs: silenceMs }), node)
  const read = buffer(body)
  sendRest()
  const untilMs = performance.now() + silenceMs * 1.2
  while (performance.now() < untilMs);
  expect((await read).toString()).toBe('helloworld')
})

describe('a body to send', () => {
  const sizeBytes = 20_000_000

  test('that the node does not take fails, and its source ends', async () => {
    const node = await socketNode((socket) => socket.pause())
    const source = pieces(20, sizeBytes / 20, async () => undefined)
    const put = makeClient().put(node, '/a', () => source, { sizeBytes, contentType: undefined })
    await expect(put).rejects.toMatchObject(away)
    await until(() => source.destroyed, 'the source has ended')
    const large = makeClient().put(node, '/a', Buffer.alloc(sizeBytes), { sizeBytes, contentType: undefined })
    await expect(large).rejects.toMatchObject(away)
  })

  test('whose source is slow is not the fault of the node', async () => {
    const node = await httpNode((request, response) => {
      request.resume().on('end', () => response.writeHead(201, { ETag: etag }).end())
    })
    const source = () => pieces(2, 10, () => delay(patientMs * 1.2))
    const client = makeClient({ idleMs: patientMs })
    const put = client.put(node, '/a', source, { sizeBytes: 20, contentType: undefined })
    expect(await put).toMatchObject({ outcome: 'stored', created: true })
  })

  test('whose source fails throws what the source threw', async () => {
    const node = await socketNode((socket) => socket.resume())
    const failure = new Error('no such spool file')
    const source = () => pieces(3, 10, () => Promise.reject(failure))
    const put = makeClient({ idleMs: longMs }).put(node, '/a', source, {
      sizeBytes: 30,
      contentType: undefined,
    })
    await expect(put).rejects.toBe(failure)
    await until(() => node.ended() > 0, 'the connection is ended')
  })

  test('whose source never gives anything can be given up, and the source ends', async () => {
    const node = await socketNode((socket) => socket.resume())
    const source = new Readable({ read: () => undefined })
    const abort = new AbortController()
    const options = { sizeBytes: 30, contentType: undefined, signal: abort.signal }
    const put = makeClient({ idleMs: longMs }).put(node, '/a', () => source, options)
    const reason = new Error('the client went away')
    const ended = expect(put).rejects.toBe(reason)
    await until(() => source.readableFlowing !== null || source.listenerCount('readable') > 0, 'it is read')
    abort.abort(reason)
    await ended
    expect(source.destroyed).toBe(true)
  })

  test.each([
    { given: 'less', bytes: 29 },
    { given: 'more', bytes: 31 },
  ])('of $given bytes than announced is damaged', async ({ bytes }) => {
    const received: string[] = []
    const node = await httpNode((request, response) => {
      request.on('error', () => undefined).resume()
      request.on('end', () => {
        received.push('whole')
        response.writeHead(201, { ETag: etag }).end()
      })
    })
    const source = () => pieces(1, bytes, async () => undefined)
    const put = makeClient({ idleMs: longMs }).put(node, '/a', source, {
      sizeBytes: 30,
      contentType: undefined,
    })
    await expect(put).rejects.toMatchObject({ code: 'COPY_DAMAGED' })
    expect(received).toEqual([])
  })

  test('that the node refuses before its end is given up', async () => {
    const node = await httpNode((_request, response) => response.writeHead(507).end('{}'))
    let source: Readable | undefined
    const open = () => (source = pieces(1000, 100_000, () => delay(1)))
    const put = makeClient({ idleMs: longMs }).put(node, '/a', open, {
      sizeBytes: 100_000_000,
      contentType: undefined,
    })
    await expect(put).rejects.toMatchObject({ code: 'NODE_REFUSED', details: { status: 507 } })
    await until(() => source?.destroyed === true, 'the source has ended')
  })
})

describe('a request that is given up', () => {
  const reason = new Error('the client went away')

  test('before it began is not sent', async () => {
    const node = await socketNode((socket) => socket.resume())
    await expect(makeClient().get(node, '/a', AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(node.connections()).toBe(0)
  })

  test('while it waits for an answer, or behind another for a connection, ends with the reason', async () => {
    const node = await socketNode((socket) => socket.resume())
    const client = makeClient({ connectionsPerNodeMax: 1, idleMs: longMs })
    const abort = new AbortController()
    const asked = [client.get(node, '/a', abort.signal), client.head(node, '/b', abort.signal)]
    const ended = asked.map((request) => expect(request).rejects.toBe(reason))
    await until(() => node.sockets.size === 1, 'the node is connected')
    abort.abort(reason)
    await Promise.all(ended)
    await until(() => node.ended() > 0, 'the connection is ended')
  })

  test('in the middle of a body fails the stream with the reason', async () => {
    const node = await socketNode((socket) => socket.once('data', () => socket.write(`${head(100)}half`)))
    const abort = new AbortController()
    const got = await makeClient({ idleMs: longMs }).get(node, '/a', abort.signal)
    const read = expect(got.outcome === 'found' && buffer(got.body)).rejects.toBe(reason)
    abort.abort(reason)
    await read
    await until(() => node.ended() > 0, 'the connection is ended')
  })

  test('by destroying its body frees the connection, and others go on', async () => {
    const node = await httpNode((request, response) => {
      if (request.url !== '/a') response.writeHead(404).end()
      else response.writeHead(200, { ETag: etag, 'Content-Length': 1e9 }).write(Buffer.alloc(1e6))
    })
    const client = makeClient({ connectionsPerNodeMax: 1, idleMs: longMs })
    const body = await bodyOf(client, node)
    const closed = once(body, 'close')
    body.destroy()
    await closed
    expect(await client.get(node, '/b')).toEqual({ outcome: 'missing' })
  })
})
