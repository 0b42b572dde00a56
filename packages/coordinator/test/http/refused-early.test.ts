// What nobody would take is refused before its body is sent.
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
