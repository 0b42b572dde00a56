// What nobody would take is refused before its body is sent.
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { RawConnection } from '../helpers/raw-http.js'
import { smallCluster } from '../helpers/small-cluster.js'

const mebibyte = 1024 * 1024

/** The status of the first answer to an upload of which no byte of the body is sent. */
async function firstStatus(
  port: number,
  sizeBytes: number,
  ...headers: string[]
): Promise<number | undefined> {
  const connection = await RawConnection.open(port)
  onTestFinished(() => connection.close())
  const lines = [
    'PUT /a HTTP/1.1',
    'Host: x',
    `Content-Length: ${sizeBytes}`,
    'Expect: 100-continue',
    ...headers,
  ]
  connection.write([...lines, '', ''].join('\r\n'))
  return (await connection.read())?.status
}

test('more than the shards have room for', async () => {
  const { port } = await smallCluster({ nodesPerShard: [1], capacityBytes: 4 * mebibyte })
  expect(await firstStatus(port, 3 * mebibyte)).toBe(100)
  expect(await firstStatus(port, 5 * mebibyte)).toBe(500)
  expect(await firstStatus(port, 5 * mebibyte, 'X-Backpack-Shard: 1')).toBe(507)
})

test('more than a blob may have', async () => {
  const { port } = await smallCluster({ nodesPerShard: [1] })
  expect(await firstStatus(port, 1024 * mebibyte + 1)).toBe(413)
})

/** As a client that sends all of it before it looks for its answer, and gives up when the connection breaks. */
async function statusOfSendingOn(port: number, target: string, sizeBytes: number): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.pause()
  socket.write(`PUT ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: ${sizeBytes}\r\n\r\n`)
  for (let sentBytes = 0; sentBytes < sizeBytes; sentBytes += mebibyte) {
    if (!socket.write(Buffer.alloc(mebibyte))) await once(socket, 'drain')
  }
  const [answer] = (await once(socket.resume(), 'data')) as [Buffer]
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer.toString('latin1'))?.[1])
}

test('its answer reaches a client that goes on sending', async () => {
  const { port } = await smallCluster({ nodesPerShard: [1], capacityBytes: 4 * mebibyte })
  expect(await statusOfSendingOn(port, '/a', 30 * mebibyte)).toBe(500)
  expect(await statusOfSendingOn(port, '/-/nothing', 30 * mebibyte)).toBe(404)
})
