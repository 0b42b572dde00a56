import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { endUnread } from '../src/end-unread.js'
import { makeServer } from '../src/make-server.js'

const mebibyte = 1024 * 1024
const limits = {
  headersMs: 10_000,
  keepAliveMs: 10_000,
  stalledMs: 60_000,
  checkEveryMs: 1_000,
  headerBytesMax: 16_384,
  headersCountMax: 100,
}

interface Refuser {
  readonly port: number
  /** Targets of the requests that came through. */
  readonly asked: string[]
}

/** Refuses every request as soon as it has its head, or the first piece of its body. */
async function startRefuser({ readsFirst = false } = {}): Promise<Refuser> {
  const asked: string[] = []
  const server = makeServer((request, response) => {
    asked.push(request.url ?? '')
    const refuse = () => {
      endUnread(request, response)
      response.writeHead(403, { 'Content-Length': 3 }).end('no\n')
    }
    if (readsFirst) void request.iterator({ destroyOnReturn: false }).next().then(refuse)
    else refuse()
  }, limits)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { port: (server.address() as AddressInfo).port, asked }
}

/** Its own side stays open when the other one ends. */
function connected(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  return socket
}

/** All that comes, until the other side ends the connection. */
async function textOf(socket: Socket): Promise<string> {
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  await once(socket, 'end')
  return Buffer.concat(pieces).toString('latin1')
}

const announced = `Content-Length: ${20 * mebibyte}\r\n\r\n`

test.each([
  ['announced', announced, false],
  ['announced, and begun', announced, true],
  ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n', false],
])('a client that sends all of a large body first sees its answer (%s)', async (kind, head, readsFirst) => {
  const { port } = await startRefuser({ readsFirst })
  const socket = connected(port).pause()
  socket.write(`PUT /a HTTP/1.1\r\nHost: x\r\n${head}`)
  for (let sentBytes = 0; sentBytes < 20 * mebibyte; sentBytes += mebibyte) {
    if (kind === 'in chunks') socket.write(`${mebibyte.toString(16)}\r\n`)
    if (!socket.write(Buffer.alloc(mebibyte))) await once(socket, 'drain')
    if (kind === 'in chunks') socket.write('\r\n')
  }
  const text = await textOf(socket.resume())
  expect(text).toMatch(/^HTTP\/1\.1 403 .*\r\nConnection: close\r\n/s)
})

test('a small one is read, and the connection goes on', async () => {
  const { port, asked } = await startRefuser()
  const socket = connected(port)
  socket.write(`PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(1_000)}`)
  socket.write('GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  expect((await textOf(socket)).match(/HTTP\/1\.1 403/g)).toHaveLength(2)
  expect(asked).toEqual(['/a', '/b'])
})

test('a client that never stops is cut off after a while', async () => {
  const { port } = await startRefuser()
  const socket = connected(port)
  socket.on('error', () => undefined)
  socket.write(`PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${1024 * mebibyte}\r\n\r\n`)
  const drip = setInterval(() => socket.write('x'), 50)
  onTestFinished(() => clearInterval(drip))
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
  expect(await textOf(socket)).toContain(' 403 ')
  await closed
})
