import { once } from 'node:events'
import { IncomingMessage } from 'node:http'
import { type AddressInfo, connect, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { makeServer } from '../src/make-server.js'
import { expectsContinue, type Fault, faultOfError, faultOfRequest } from '../src/request-fault.js'

const headersCountMax = 10
const limits = {
  headersMs: 300,
  keepAliveMs: 10_000,
  stalledMs: 60_000,
  checkEveryMs: 20,
  headerBytesMax: 1_024,
  headersCountMax,
}

/** What is wrong with a request, as a server sees it. */
async function faultOf(head: string): Promise<Fault | undefined> {
  let fault: Fault | undefined
  const server = makeServer((request, response) => {
    fault = faultOfRequest(request, headersCountMax)
    response.writeHead(204, { Connection: 'close' }).end()
  }, limits)
  server.on('clientError', (error, socket) => {
    fault = faultOfError(error)
    socket.destroy()
  })
  onTestFinished(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.resume().write(head)
  await once(socket, 'close')
  return fault
}

const many = (count: number) => Array.from({ length: count }, (_, at) => `X-${at}: 1\r\n`).join('')

test.each([
  ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', undefined],
  ['GET / HTTP/1.1\r\nHost:\r\n\r\n', undefined],
  ['GET / HTTP/1.0\r\n\r\n', undefined],
  ['PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx', undefined],
  [`GET / HTTP/1.1\r\nHost: x\r\n${many(headersCountMax - 1)}\r\n`, undefined],
  [`GET / HTTP/1.1\r\nHost: x\r\n${many(headersCountMax)}\r\n`, 'HEADERS_TOO_LARGE'],
  [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(2_000)}\r\n\r\n`, 'HEADERS_TOO_LARGE'],
  ['GET / HTTP/1.1\r\n\r\n', 'BAD_REQUEST'],
  ['GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n', 'BAD_REQUEST'],
  ['GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n', 'BAD_REQUEST'],
  ['GET /ü HTTP/1.1\r\nHost: x\r\n\r\n', 'BAD_REQUEST'],
  ['hello\r\n\r\n', 'BAD_REQUEST'],
  ['PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: more\r\n\r\nx', 'EXPECTATION_UNKNOWN'],
  ['GET / HTTP/1.1\r\nHost: x\r\nX', 'REQUEST_TOO_SLOW'],
])('%j', async (head, code) => {
  expect((await faultOf(head))?.code).toBe(code)
})

test('a connection that broke is no fault of a request', () => {
  expect(faultOfError(Object.assign(new Error('gone'), { code: 'ECONNRESET' }))).toBeUndefined()
})

test('only HTTP/1.1 knows expectations', () => {
  const request = new IncomingMessage(new Socket())
  request.headers = { expect: '100-continue' }
  for (const [version, expects] of [
    ['1.0', false],
    ['1.1', true],
  ] as const) {
    request.httpVersion = version
    expect(expectsContinue(request)).toBe(expects)
  }
})
