// What can only be seen from the server's side of a fast-lane connection.
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { FastLane } from '../../src/http/fast-lane.js'
import { type HttpLimits, httpLimits } from '../../src/http/http-limits.js'
import { DaemonMetrics } from '../../src/http/metrics.js'
import { RequestAccess } from '../../src/http/request-access.js'
import { silentLog, until } from '../helpers/daemon.js'
import { openStore } from '../helpers/open-store.js'
import { RawConnection } from '../helpers/raw-http.js'
import { get, patternBytes } from './corpus-request.js'

/** A connection that the lane serves, seen from both sides, and a blob of 1 MB to ask for. */
async function laneConnection(changed: Partial<HttpLimits>) {
  const store = await openStore()
  await store.put('large', patternBytes(1_000_000))
  const limits = { ...httpLimits, checkEveryMs: 20, ...changed }
  const handedOver: Socket[] = []
  const server = createHttpServer()
  server.removeAllListeners('connection')
  server.on('connection', (socket) => {
    socket.on('error', () => socket.destroy())
    handedOver.push(socket)
  })
  const lane = new FastLane({
    store,
    reader: store.hotReader!,
    server,
    limits,
    metrics: new DaemonMetrics(store),
    log: silentLog,
    access: new RequestAccess({}),
  })
  const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const accepted = once(listener, 'connection') as Promise<[Socket]>
  const client = await RawConnection.open((listener.address() as AddressInfo).port)
  const [paused] = await accepted
  const socket = lane.accept(paused)
  onTestFinished(() => {
    client.close()
    lane.close()
    listener.close()
  })
  return { client, socket, lane, handedOver }
}

/** Asks without reading until the kernel takes no more. */
async function fill({ client, socket }: { client: RawConnection; socket: Socket }): Promise<number> {
  client.socket.pause()
  for (let count = 1; count <= 100; count++) {
    const before = socket.bytesWritten
    client.write(get('/large'))
    await until(() => socket.bytesWritten > before, 'the request is answered')
    if (socket.writableLength > 0) return count
  }
  throw new Error('The kernel took 100 MB')
}

test('a client that stops reading is closed after the stall time', async () => {
  const { client, socket, lane, handedOver } = await laneConnection({ stalledMs: 200 })
  await fill({ client, socket })
  await until(() => socket.destroyed, 'the connection is closed')
  expect(handedOver).toEqual([])
  await until(() => lane.connections === 0, 'the lane has let it go')
})

test('a client that pauses and goes on gets every answer, and its connection lives on as an idle one', async () => {
  const { client, socket } = await laneConnection({ stalledMs: 3_600_000 })
  const asked = await fill({ client, socket })
  client.socket.resume()
  for (let count = 0; count < asked; count++) expect((await client.read())?.body.length).toBe(1_000_000)
  await until(() => !socket.timeout, 'the stall time is taken off')
  client.write(get('/large'))
  expect((await client.read())?.status).toBe(200)
})

test('a request that comes while an answer is being sent goes to node:http', async () => {
  const { client, socket, handedOver } = await laneConnection({})
  await fill({ client, socket })
  client.write(get('/large'))
  await until(() => handedOver.length === 1, 'the connection is handed over')
  expect(handedOver).toEqual([socket])
})
