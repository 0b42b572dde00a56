// SIGTERM's way out: what is under way is finished, what is idle is closed, nothing new is taken.
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { lanes, runDaemon, until } from '../helpers/daemon.js'
import { headerOf, RawConnection, requestOnce } from '../helpers/raw-http.js'
import { get, largeBytes, patternBytes, request } from './corpus-request.js'

async function connected(port: number): Promise<RawConnection> {
  const connection = await RawConnection.open(port)
  onTestFinished(() => connection.close())
  return connection
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    return false
  } catch {
    return true
  } finally {
    socket.destroy()
  }
}

describe.each(lanes)('through the $lane', ({ fastLane }) => {
  test('an upload and a download under way are finished, then their connections closed', async () => {
    const { port, store, drain } = await runDaemon({ fastLane })
    const data = patternBytes(40_000_000)
    await store.put('large', data)
    const download = await connected(port)
    download.socket.pause()
    download.write(get('/large'))
    const upload = await connected(port)
    const body = patternBytes(largeBytes)
    upload.write(request('PUT', '/new', `Content-Length: ${largeBytes}`))
    upload.write(body.subarray(0, 1000))
    await until(async () => (await store.stats()).bodyMemoryBytes > 1_000_000, 'both are under way')

    let drained = false
    const draining = drain().then(() => {
      drained = true
    })
    await until(() => isRefused(port), 'new connections are refused')
    expect(drained).toBe(false)
    upload.write(body.subarray(1000))
    expect((await upload.read())?.status).toBe(201)
    download.socket.resume()
    expect((await download.read())?.body.equals(data)).toBe(true)
    await Promise.all([upload.ended(), download.ended(), draining])
    expect((await store.get('new'))?.data.equals(body)).toBe(true)
  })

  test('idle connections are closed at once, used or not, though their clients keep their side open', async () => {
    const { port, store, drain } = await runDaemon({
      fastLane,
      limits: { drainMs: 3_600_000, headersMs: 3_600_000 },
    })
    await store.put('plain', Buffer.from('hello'))
    const unused = await connected(port)
    const used = await connected(port)
    used.write(get('/plain'))
    expect((await used.read())?.status).toBe(200)
    const handedOver = await connected(port)
    handedOver.write(get('/plain', 'X-Frob: 1'))
    expect((await handedOver.read())?.status).toBe(200)
    await drain()
    await Promise.all([unused.ended(), used.ended(), handedOver.ended()])
  })

  test('a request behind an upload that is being drained is told that the daemon is not ready', async () => {
    const { port, drain } = await runDaemon({ fastLane })
    expect((await requestOnce(port, get('/-/ready'))).body.toString()).toBe('{"ready":true}')
    const connection = await connected(port)
    connection.write(request('PUT', '/new', 'Content-Length: 4', 'Expect: 100-continue'))
    expect((await connection.read())?.status).toBe(100)
    const draining = drain()
    connection.write(`data${get('/-/ready')}`)
    expect((await connection.read())?.status).toBe(201)
    const answer = await connection.read()
    expect(answer?.status).toBe(503)
    expect(answer?.body.toString()).toBe('{"ready":false}')
    expect(headerOf(answer!, 'Retry-After')).toBe('1')
    expect(headerOf(answer!, 'Connection')).toBe('close')
    await draining
  })

  test('what does not end in time is cut off', async () => {
    const { port, store, drain } = await runDaemon({ fastLane, limits: { drainMs: 100 } })
    const upload = await connected(port)
    upload.write(request('PUT', '/never', 'Content-Length: 1000'))
    await until(async () => (await store.stats()).bodyMemoryBytes > 0, 'the upload is under way')
    await drain()
    await upload.ended()
    await until(async () => (await store.stats()).bodyMemoryBytes === 0, 'its memory is free')
    expect(await store.get('never')).toBeUndefined()
  })
})
