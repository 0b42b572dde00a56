// A refused request ends its connection: its client sees why, and nothing that comes behind it is looked at.
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { runDaemon, until } from '../helpers/daemon.js'
import { requestOnce } from '../helpers/raw-http.js'
import { get } from './corpus-request.js'

const mebibyte = 1024 * 1024

/** But the asking one. */
async function openConnections(port: number): Promise<number> {
  const { body } = await requestOnce(port, get('/-/metrics', 'Connection: close'))
  return Number(/^backpack_connections (\d+)$/m.exec(body.toString())?.[1]) - 1
}

test('what comes behind a refusal that ends the connection is not carried out', async () => {
  const { port } = await runDaemon()
  // Its own side stays open when the other one ends.
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  socket.write('PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 411 .*\r\nConnection: close\r\n/is)
  socket.write('PUT /behind HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx')
  await until(async () => (await openConnections(port)) === 0, 'the refused connection is closed')
  expect((await requestOnce(port, get('/behind'))).status).toBe(404)
})

test.each([
  ['no Host', '', 400],
  ['an expectation', 'Host: x\r\nExpect: more\r\n', 417],
])('a client that sends a large body first sees why it is refused: %s', async (_, headers, status) => {
  const { port } = await runDaemon()
  const socket = connect(port, '127.0.0.1').pause()
  onTestFinished(() => void socket.destroy())
  socket.write(`PUT /a HTTP/1.1\r\n${headers}Content-Length: ${8 * mebibyte}\r\n\r\n`)
  if (!socket.write(Buffer.alloc(8 * mebibyte))) await once(socket, 'drain')
  const [answer] = (await once(socket.resume(), 'data')) as [Buffer]
  expect(answer.toString('latin1')).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
})
