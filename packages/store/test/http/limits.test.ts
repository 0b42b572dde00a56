// The daemon's deadlines and bounds, shortened; each holds in both lanes.
import { describe, expect, onTestFinished, test } from 'vitest'
import type { HttpLimits } from '../../src/http/http-limits.js'
import { lanes, runDaemon, until, untilDelivered } from '../helpers/daemon.js'
import { headerOf, RawConnection, requestOnce } from '../helpers/raw-http.js'
import { get, patternBytes, put, request } from './corpus-request.js'

/** Looks at deadlines often, so that the tests need not wait for them. */
function run(fastLane: boolean, limits: Partial<HttpLimits>) {
  return runDaemon({ fastLane, limits: { checkEveryMs: 20, ...limits } })
}

async function connected(port: number): Promise<RawConnection> {
  const connection = await RawConnection.open(port)
  onTestFinished(() => connection.close())
  return connection
}

/** Open connections but the asking one. */
async function openConnections(port: number): Promise<number> {
  const { body } = await requestOnce(port, get('/-/metrics', 'Connection: close'))
  return Number(/^backpack_connections (\d+)$/m.exec(body.toString())?.[1]) - 1
}

describe.each(lanes)('through the $lane', ({ fastLane }) => {
  test('a connection that says nothing is closed', async () => {
    const { port } = await run(fastLane, { headersMs: 200 })
    await (await connected(port)).ended()
  })

  test('headers that do not end in time get 408, though they go on coming', async () => {
    const { port } = await run(fastLane, { headersMs: 300 })
    const connection = await connected(port)
    connection.write('GET /plain HTTP/1.1\r\nHost: x\r\n')
    const drip = setInterval(() => connection.write('X-Drip: 1\r\n'), 20)
    onTestFinished(() => clearInterval(drip))
    const answer = await connection.read()
    expect(answer?.status).toBe(408)
    expect(JSON.parse(answer!.body.toString())).toMatchObject({ code: 'REQUEST_TOO_SLOW' })
    await connection.ended()
  })

  test('the headers of a second request have a deadline too', async () => {
    // Long enough for the first request of a busy machine.
    const { port, store } = await run(fastLane, { headersMs: 2_000 })
    await store.put('plain', Buffer.from('hello'))
    const connection = await connected(port)
    connection.write(get('/plain'))
    expect((await connection.read())?.status).toBe(200)
    connection.write('GET /pl')
    expect((await connection.read())?.status).toBe(408)
    await connection.ended()
  })

  test('an idle connection is closed after the keep-alive time, not before its first request', async () => {
    const { port, store } = await run(fastLane, { keepAliveMs: 200 })
    await store.put('plain', Buffer.from('hello'))
    const idle = await connected(port)
    const used = await connected(port)
    used.write(get('/plain'))
    const answer = await used.read()
    expect(headerOf(answer!, 'Connection')).toBe('keep-alive')
    await used.ended()
    idle.write(get('/plain'))
    expect((await idle.read())?.status).toBe(200)
  })

  test.each([
    ['in memory', 100_000],
    ['in a file', 3_000_000],
  ])('a body that comes too slowly gets 408 and leaves nothing (%s)', async (_, sizeBytes) => {
    const daemon = await run(fastLane, { bodyWindowMs: 300, bodyBytesPerSecondMin: 10_000 })
    const connection = await connected(daemon.port)
    connection.write(request('PUT', '/slow', `Content-Length: ${sizeBytes}`))
    const drip = setInterval(() => connection.write('d'), 20)
    onTestFinished(() => clearInterval(drip))
    const answer = await connection.read()
    expect(answer?.status).toBe(408)
    expect(JSON.parse(answer!.body.toString())).toMatchObject({ code: 'BODY_TOO_SLOW' })
    await connection.ended()
    expect((await daemon.store.stats()).bodyMemoryBytes).toBe(0)
    expect((await requestOnce(daemon.port, get('/slow'))).status).toBe(404)
  })

  test('a reader that stops reading is closed and gives its memory back', async () => {
    const { port, store } = await run(fastLane, { stalledMs: 300 })
    await store.put('large', patternBytes(30_000_000))
    await store.put('small', patternBytes(1_000_000))
    const large = await connected(port)
    large.socket.pause()
    large.write(get('/large'))
    const small = await connected(port)
    small.socket.pause()
    for (let count = 0; count < 20; count++) {
      small.write(get('/small'))
      await untilDelivered()
    }
    await until(async () => (await openConnections(port)) === 0, 'both connections are closed')
    await until(async () => (await store.stats()).bodyMemoryBytes === 0, 'their memory is free')
  })

  test('connections past the maximum get 503 and do not stay; the others are served', async () => {
    const daemon = await run(fastLane, { connectionsMax: 2 })
    await daemon.store.put('plain', Buffer.from('hello'))
    const first = await connected(daemon.port)
    const second = await connected(daemon.port)
    for (const connection of [first, second]) {
      connection.write(get('/plain'))
      expect((await connection.read())?.status).toBe(200)
    }
    const third = await connected(daemon.port)
    const answer = await third.read()
    expect(answer?.status).toBe(503)
    expect(headerOf(answer!, 'Retry-After')).toBe('1')
    await third.ended()
    first.close()
    await until(async () => (await tryGet(daemon.port)) === 200, 'the freed place is taken')
    second.write(get('/plain'))
    expect((await second.read())?.status).toBe(200)
    // The refused client keeps its side open; that must not hold the daemon.
    await daemon.drain()
  })

  test('an upload that waits for memory gets 503 when none comes free', async () => {
    const daemon = await runDaemon({
      fastLane,
      storeOptions: { memoryBytesMax: 2 * 1024 * 1024, waitMsMax: 50 },
    })
    const holders = await Promise.all([connected(daemon.port), connected(daemon.port)])
    for (const holder of holders) holder.write(request('PUT', '/held', 'Content-Length: 1000000'))
    await until(async () => (await daemon.store.stats()).bodyMemoryBytes === 2_000_000, 'the memory is held')
    const answer = await requestOnce(daemon.port, put('/waits', 'x'.repeat(200_000)))
    expect(answer.status).toBe(503)
    expect(headerOf(answer, 'Retry-After')).toBe('1')
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'STORE_BUSY' })
  })
})

test('a reader that is slow, but reads, gets everything, though it takes longer than a stall may', async () => {
  const { port, store } = await run(true, { stalledMs: 2_000 })
  await store.put('large', patternBytes(16_000_000))
  const { socket } = await connected(port)
  // Read at a rate, not with a pause per part: the kernel lets the sender go on a megabyte at a time, and on a busy
  // machine pauses would add up to a stall.
  const bytesPerMs = 16_000_000 / 4_000
  const startedAtMs = performance.now()
  let bytes = 0
  socket.on('data', (part: Buffer) => {
    bytes += part.length
    socket.pause()
    setTimeout(() => socket.resume(), startedAtMs + bytes / bytesPerMs - performance.now())
  })
  socket.write(get('/large', 'Connection: close'))
  await new Promise((resolve) => socket.on('end', resolve))
  expect(bytes).toBeGreaterThan(16_000_000)
})

async function tryGet(port: number): Promise<number> {
  return (await requestOnce(port, get('/plain'))).status
}
