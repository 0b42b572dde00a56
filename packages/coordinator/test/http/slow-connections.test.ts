// The minimum rates of connections: of readers, and of bodies that no route waits for.
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { type SlowClient, slowSender } from '../faults/slow-client.js'
import { makeCertificate } from '../gateway/make-certificate.js'
import { smallGateway } from '../gateway/small-gateway.js'
import { watchAccepted } from '../helpers/accepted-sockets.js'
import { falseNode } from '../helpers/false-node.js'
import { patternBytes } from '../helpers/http-request.js'
import { headerOf, RawConnection } from '../helpers/raw-http.js'
import { smallCluster } from '../helpers/small-cluster.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { until } from '../helpers/until.js'

const mebibyte = 1024 * 1024

function httpsOnly(): Record<string, string> {
  const { certFile, keyFile } = makeCertificate(temporaryDirectory(), 'slow')
  return { address: '', https_address: '127.0.0.1:0', cert_file: certFile, key_file: keyFile }
}

function ticking(client: SlowClient): SlowClient {
  const ticks = setInterval(() => client.tick(), 20)
  onTestFinished(() => clearInterval(ticks))
  return client
}

async function connected(port: number): Promise<RawConnection> {
  const connection = await RawConnection.open(port)
  onTestFinished(() => connection.close())
  return connection
}

test('a reader that goes on, but too slowly, is closed', async () => {
  const accepted = watchAccepted()
  const cluster = await smallCluster({
    nodesPerShard: [1],
    limits: { answerBytesPerSecondMin: 100 * mebibyte, answerWindowMs: 500 },
  })
  await cluster.node('11').store.put('large', patternBytes(60 * mebibyte))
  const { socket } = await connected(cluster.port)
  socket.pause()
  socket.write('GET /1:large HTTP/1.1\r\nHost: a\r\n\r\n')
  const readOn = setInterval(() => socket.resume().once('data', () => socket.pause()), 10)
  onTestFinished(() => clearInterval(readOn))
  await until(() => accepted(cluster.port).ever.size === 1, 'it is connected')
  await until(() => accepted(cluster.port).open.size === 0, 'it is closed')
})

/**
 * Reads a mebibyte now and then. No less: of the megabytes that the kernel holds, a third is gone before it takes any more
 * from the server.
 */
function readSlowly(socket: Socket): Promise<number> {
  let receivedBytes = 0
  let pauseAtBytes = mebibyte
  socket.on('data', (part: Buffer) => {
    receivedBytes += part.length
    if (receivedBytes < pauseAtBytes) return
    pauseAtBytes = receivedBytes + mebibyte
    socket.pause()
    setTimeout(() => socket.resume(), 100)
  })
  return new Promise((resolve) => socket.on('close', () => resolve(receivedBytes)))
}

test('a slow reader whose rate is enough gets everything, over TLS as well', async () => {
  const sizeBytes = 30 * mebibyte
  const gateway = await smallGateway({
    nodesPerShard: [1],
    limits: { answerBytesPerSecondMin: 1, answerWindowMs: 2_000 },
    proxy: httpsOnly(),
  })
  await gateway.node('11').store.put('large', patternBytes(sizeBytes))
  const plain = connectPlain({ port: gateway.port, host: '127.0.0.1' })
  const secure = connectSecure({ port: gateway.gatewayPort, host: '127.0.0.1', rejectUnauthorized: false })
  plain.write('GET /1:large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  secure.write('GET /get/1/large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  const received = await Promise.all([readSlowly(plain), readSlowly(secure)])
  for (const bytes of received) expect(bytes).toBeGreaterThan(sizeBytes)
})

test('a reader that goes on, but too slowly, is closed over TLS as well', async () => {
  const accepted = watchAccepted()
  const gateway = await smallGateway({
    nodesPerShard: [1],
    limits: { answerBytesPerSecondMin: 100 * mebibyte, answerWindowMs: 500 },
    proxy: httpsOnly(),
  })
  const { gatewayPort: port } = gateway
  await gateway.node('11').store.put('large', patternBytes(60 * mebibyte))
  const socket = connectSecure({ port, host: '127.0.0.1', rejectUnauthorized: false })
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  socket.write('GET /get/1/large HTTP/1.1\r\nHost: a\r\n\r\n')
  void readSlowly(socket)
  await until(() => accepted(port).ever.size === 1, 'it is connected')
  await until(() => accepted(port).open.size === 0, 'it is closed')
})

test.each([
  ['a method that is not served', 'PATCH /1:x', 'Content-Length: 60000'],
  ['a read', 'GET /1:x', 'Content-Length: 60000'],
  ['a read, in chunks', 'GET /-/live', 'Transfer-Encoding: chunked'],
  ['JSON', 'POST /-/queue/retry', 'Content-Type: application/json\r\nContent-Length: 60000'],
])('a body behind %s that does not come is the end of the connection', async (_, start, header) => {
  const accepted = watchAccepted()
  const { port } = await smallCluster({ nodesPerShard: [1], limits: { bodyWindowMs: 100 } })
  const drip = header.startsWith('Transfer') ? '1\r\nx\r\n' : ' '
  const client = ticking(slowSender(port, `${start} HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\n`, drip))
  await until(() => accepted(port).ever.size === 1, 'it is connected')
  await until(() => accepted(port).open.size === 0, 'it is closed')
  client.socket.destroy()
})

test('a body that waits behind another answer is not taken for slow, nor is a connection without a request', async () => {
  // Long enough for the second body, which this process has to send within one.
  const windowMs = 1_000
  const slow = await falseNode((request, response) => {
    request.resume().on('end', () => {
      setTimeout(() => response.writeHead(201, { ETag: '"0123456789abcdef-01234567"' }).end(), 3 * windowMs)
    })
  })
  const { port } = await smallCluster({
    nodesPerShard: [1],
    otherNodes: { 11: slow },
    limits: { bodyWindowMs: windowMs, answerWindowMs: windowMs },
  })
  const idle = await connected(port)
  idle.write('GET /-/live HTTP/1.1\r\nHost: a\r\n\r\n')
  expect((await idle.read())?.status).toBe(200)
  const connection = await connected(port)
  const put = (name: string) => `PUT /${name} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n`
  connection.write(`${put('first')}meow${put('second')}`)
  expect((await connection.read())?.status).toBe(200)
  connection.write('meow')
  const second = await connection.read()
  expect([second?.status, headerOf(second!, 'Connection')]).toEqual([200, 'keep-alive'])
  idle.write('GET /-/live HTTP/1.1\r\nHost: a\r\n\r\n')
  expect((await idle.read())?.status).toBe(200)
})
