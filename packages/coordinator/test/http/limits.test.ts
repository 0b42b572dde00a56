// Deadlines and bounds, shortened; and the other clients, who do not notice.
import { readdirSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { CoordinatorLimits } from '../../src/limits.js'
import { watchAccepted } from '../helpers/accepted-sockets.js'
import { falseNode } from '../helpers/false-node.js'
import { patternBytes, send } from '../helpers/http-request.js'
import { headerOf, RawConnection, requestOnce } from '../helpers/raw-http.js'
import { dueTasks, type SmallCluster, smallCluster } from '../helpers/small-cluster.js'
import { until } from '../helpers/until.js'

const mebibyte = 1024 * 1024

function request(method: string, target: string, ...headers: string[]): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: x', ...headers, '', ''].join('\r\n')
}

async function connected(port: number): Promise<RawConnection> {
  const connection = await RawConnection.open(port)
  onTestFinished(() => connection.close())
  return connection
}

function run(limits: Partial<CoordinatorLimits> = {}): Promise<SmallCluster> {
  return smallCluster({ nodesPerShard: [1], limits })
}

async function metric({ port }: SmallCluster, name: string): Promise<number> {
  const { body } = await send(port, 'GET', '/-/metrics', { headers: { Connection: 'close' } })
  return Number(new RegExp(`^backpack_coordinator_${name} (\\d+)$`, 'm').exec(body.toString())?.[1])
}

function codeIn(answer: { body: Buffer } | undefined): unknown {
  return (JSON.parse(answer!.body.toString()) as { code: unknown }).code
}

describe('an upload', () => {
  test.each([
    ['in memory', 100_000],
    ['in a file', 3 * mebibyte],
  ])('that comes too slowly gets 408 and leaves nothing (%s)', async (_, sizeBytes) => {
    const cluster = await run({ bodyWindowMs: 200, bodyBytesPerSecondMin: 10_000 })
    const connection = await connected(cluster.port)
    connection.write(request('PUT', '/slow', `Content-Length: ${sizeBytes}`))
    const drip = setInterval(() => connection.write('d'), 20)
    onTestFinished(() => clearInterval(drip))
    const answer = await connection.read()
    expect([answer?.status, codeIn(answer)]).toEqual([408, 'BODY_TOO_SLOW'])
    await connection.ended()
    expect(await metric(cluster, 'body_memory_bytes')).toBe(0)
    expect(await metric(cluster, 'spool_files')).toBe(0)
    expect((await send(cluster.port, 'GET', '/1:slow')).status).toBe(404)
  })

  test.each([
    ['in memory', 100_000],
    ['in a file', 3 * mebibyte],
  ])('whose client goes in the middle leaves nothing (%s)', async (_, sizeBytes) => {
    const cluster = await run()
    for (const leave of ['close', 'reset', 'end'] as const) {
      const { socket, write } = await connected(cluster.port).then((connection) => ({
        socket: connection.socket,
        write: connection.write.bind(connection),
      }))
      write(request('PUT', `/${leave}`, `Content-Length: ${sizeBytes}`))
      write(Buffer.alloc(sizeBytes / 2, leave))
      await until(async () => (await metric(cluster, 'uploads_under_way')) === 1, 'it has begun')
      if (leave === 'close') socket.destroy()
      else if (leave === 'reset') socket.resetAndDestroy()
      else socket.end()
      await until(async () => (await metric(cluster, 'uploads_under_way')) === 0, 'it has ended')
      expect(await metric(cluster, 'body_memory_bytes')).toBe(0)
      expect(await metric(cluster, 'spool_files')).toBe(0)
      expect(readdirSync(cluster.spoolDirectory)).toEqual([])
      expect(await cluster.node('11').read(leave)).toBeUndefined()
      socket.destroy()
    }
    expect(await metric(cluster, 'files_refused')).toBe(3)
    expect(await dueTasks(cluster.queue)).toEqual([])
  })

  test('larger than a blob may be gets 413, announced or not', async () => {
    const { port } = await run({ blobBytesMax: 2 * mebibyte })
    const announced = await requestOnce(port, request('PUT', '/a', `Content-Length: ${2 * mebibyte + 1}`))
    expect([announced.status, codeIn(announced)]).toEqual([413, 'BLOB_TOO_LARGE'])
    expect(headerOf(announced, 'Connection')).toBe('close')
    const connection = await connected(port)
    connection.write(request('PUT', '/a', 'Transfer-Encoding: chunked'))
    const chunk = Buffer.alloc(mebibyte)
    for (let chunks = 0; chunks < 3; chunks++) {
      connection.write(`${chunk.length.toString(16)}\r\n`)
      connection.write(chunk)
      connection.write('\r\n')
    }
    const answer = await connection.read()
    expect([answer?.status, codeIn(answer)]).toEqual([413, 'BLOB_TOO_LARGE'])
  })

  test('of the largest size there is is refused at 1 GiB and one byte', async () => {
    const { port } = await run()
    const answer = await requestOnce(port, request('PUT', '/a', `Content-Length: ${1024 * mebibyte + 1}`))
    expect(answer.status).toBe(413)
  })

  test('with Expect is told to go on once it is wanted, and not when it is refused', async () => {
    const { port } = await run()
    const wanted = await connected(port)
    wanted.write(request('PUT', '/a', 'Content-Length: 4', 'Expect: 100-continue'))
    expect((await wanted.read())?.status).toBe(100)
    wanted.write('meow')
    expect((await wanted.read())?.status).toBe(200)
    const refused = await connected(port)
    refused.write(request('PUT', '/a', 'Content-Length: 4', 'Expect: 100-continue', 'X-Backpack-Copies: x'))
    expect((await refused.read())?.status).toBe(400)
  })

  test('beyond as many as may be under way gets 503 with Retry-After; then there is room again', async () => {
    const cluster = await run({ uploadsMax: 2 })
    const holders = [await connected(cluster.port), await connected(cluster.port)]
    for (const holder of holders) holder.write(request('PUT', '/held', 'Content-Length: 4'))
    await until(async () => (await metric(cluster, 'uploads_under_way')) === 2, 'two are under way')
    const answer = await send(cluster.port, 'PUT', '/third', { body: 'x' })
    expect([answer.status, answer.headers['retry-after'], codeIn(answer)]).toEqual([
      503,
      '1',
      'COORDINATOR_BUSY',
    ])
    for (const holder of holders) {
      holder.write('meow')
      expect((await holder.read())?.status).toBe(200)
    }
    expect((await send(cluster.port, 'PUT', '/third', { body: 'x' })).status).toBe(200)
  })
})

test('an upload that its node takes its time for is not taken for a stalled client', async () => {
  // Long enough for the request itself: a connection that says nothing for so long is closed.
  const stalledMs = 1_000
  const slow = await falseNode((request, response) => {
    request.resume().on('end', () => {
      setTimeout(() => response.writeHead(201, { ETag: '"0123456789abcdef-01234567"' }).end(), 3 * stalledMs)
    })
  })
  const { port } = await smallCluster({
    nodesPerShard: [1],
    otherNodes: { 11: slow },
    limits: { stalledMs },
  })
  expect((await send(port, 'PUT', '/a', { body: 'meow' })).status).toBe(200)
})

describe('slow clients', () => {
  test('a hundred of them, uploading and downloading, do not stop a fast one', async () => {
    // None of them is closed before all are there.
    const cluster = await run({ bodyWindowMs: 3_600_000 })
    const small = patternBytes(500_000)
    const large = patternBytes(4 * mebibyte)
    await send(cluster.port, 'PUT', '/small', { body: small })
    await send(cluster.port, 'PUT', '/large', { body: large })
    for (let at = 0; at < 100; at++) {
      const slow = await connected(cluster.port)
      slow.socket.pause()
      if (at % 4 === 0) slow.write(request('PUT', `/slow-${at}`, 'Content-Length: 1000000'))
      else if (at % 4 === 1) slow.write(request('PUT', `/slow-${at}`, 'Content-Length: 3000000'))
      else slow.write(request('GET', at % 4 === 2 ? '/1:small' : '/1:large'))
    }
    await until(
      async () => (await metric(cluster, 'uploads_under_way')) === 50,
      'fifty uploads are under way',
    )
    for (let at = 0; at < 20; at++) {
      expect((await send(cluster.port, 'PUT', `/fast-${at}`, { body: small })).status).toBe(200)
      expect((await send(cluster.port, 'GET', `/1:fast-${at}`)).body.equals(small)).toBe(true)
    }
    expect((await send(cluster.port, 'GET', '/1:large')).body.equals(large)).toBe(true)
  })

  test('one that reads no further has its node wait, not the memory filled', async () => {
    const sizeBytes = 256 * mebibyte
    const chunk = Buffer.alloc(mebibyte)
    let sentBytes = 0
    const address = await falseNode((_request, response) => {
      response.writeHead(200, { 'Content-Length': String(sizeBytes) })
      const more = () => {
        while (sentBytes < sizeBytes) {
          sentBytes += chunk.length
          if (!response.write(chunk)) return
        }
        response.end()
      }
      response.on('drain', more)
      more()
    })
    const { port } = await smallCluster({ nodesPerShard: [1], otherNodes: { 11: address } })
    const slow = await connected(port)
    slow.socket.pause()
    slow.write(request('GET', '/1:large'))
    let before = -1
    let unchanged = 0
    await until(() => {
      unchanged = sentBytes > 0 && sentBytes === before ? unchanged + 1 : 0
      before = sentBytes
      return unchanged > 50
    }, 'nothing moves any more')
    expect(sentBytes).toBeLessThan(64 * mebibyte)
  })

  test('one that takes nothing of its answer is closed in the end', async () => {
    const accepted = watchAccepted()
    const cluster = await run({ stalledMs: 300 })
    await cluster.node('11').store.put('large', patternBytes(30 * mebibyte))
    const stalled = await connected(cluster.port)
    stalled.socket.pause()
    stalled.write(request('GET', '/1:large'))
    await until(() => accepted(cluster.port).ever.size === 1, 'it is connected')
    await until(() => accepted(cluster.port).open.size === 0, 'it is closed')
  })
})

describe('connections', () => {
  test('2,000 of them: beyond the limit 503 with Retry-After, the others are served, and then there is room again', async () => {
    // All of them are connected before the first says a word, and served by one process, like the node.
    const cluster = await run({ headersMs: 3_600_000, connectMs: 30_000 })
    await send(cluster.port, 'PUT', '/cat.jpg', { body: 'meow' })
    const open = await Promise.all(Array.from({ length: 2_000 }, () => connected(cluster.port)))
    for (const connection of open) connection.write(request('GET', '/1:cat.jpg'))
    const answers = await Promise.all(open.map((connection) => connection.read().catch(() => undefined)))
    const served = answers.filter((answer) => answer?.status === 200)
    const refused = answers.filter((answer) => answer?.status === 503)
    expect(served.length).toBe(1_024)
    // What a refused client had sent already can turn its answer into a reset.
    expect(refused.length).toBeGreaterThan(0)
    for (const answer of refused) expect(headerOf(answer!, 'Retry-After')).toBe('1')
    for (const connection of open) connection.close()
    await until(async () => {
      const answer = await send(cluster.port, 'GET', '/1:cat.jpg').catch(() => undefined)
      return answer?.status === 200
    }, 'there is room again')
    expect(await metric(cluster, 'connections_refused')).toBeGreaterThanOrEqual(976)
  })

  test('headers that do not end in time get 408, too many or too large ones 431', async () => {
    const late = await connected((await run({ headersMs: 200 })).port)
    late.write('GET /1:x HTTP/1.1\r\nHost: x\r\n')
    expect((await late.read())?.status).toBe(408)
    const { port } = await run()
    const many = Array.from({ length: 100 }, (_, at) => `X-${at}: y`)
    expect((await requestOnce(port, request('GET', '/1:x', ...many))).status).toBe(431)
    expect((await requestOnce(port, request('GET', '/1:x', `X: ${'y'.repeat(17_000)}`))).status).toBe(431)
  })

  test.each([
    ['garbage', 'hello\r\n\r\n', 400],
    ['two Hosts', 'GET /1:x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['CONNECT', 'CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n', 405],
  ])('%s get %s', async (_, bytes, status) => {
    const { port } = await run()
    expect((await requestOnce(port, bytes)).status).toBe(status)
  })

  test('an Expect other than 100-continue gets 417 in its turn, and its body is not taken', async () => {
    const { port } = await run()
    const answer = await requestOnce(port, request('PUT', '/a', 'Content-Length: 4', 'Expect: wonders'))
    expect([answer.status, codeIn(answer), headerOf(answer, 'Connection')]).toEqual([
      417,
      'EXPECTATION_UNKNOWN',
      'close',
    ])
    const pipelined = await connected(port)
    const upload = `${request('PUT', '/b', 'Content-Length: 4')}meow`
    pipelined.write(upload + request('GET', '/1:b', 'Expect: wonders'))
    expect((await pipelined.read())?.status).toBe(200)
    expect((await pipelined.read())?.status).toBe(417)
    // HTTP/1.0 knows no expectations (RFC 9110, 10.1.1).
    const old = 'GET /1:b HTTP/1.0\r\nHost: x\r\nExpect: wonders\r\n\r\n'
    expect((await requestOnce(port, old)).status).toBe(200)
  })

  test('a request behind an upload on one connection sees it', async () => {
    const { port } = await run()
    const connection = await connected(port)
    connection.write(`${request('PUT', '/cat.jpg', 'Content-Length: 4')}meow${request('GET', '/1:cat.jpg')}`)
    expect((await connection.read())?.status).toBe(200)
    expect((await connection.read())?.body.toString()).toBe('meow')
  })
})
