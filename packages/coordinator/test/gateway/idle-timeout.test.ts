// Who is idle: a client that does nothing, never one that waits for a node.
import { expect, test } from 'vitest'
import { falseNode } from '../helpers/false-node.js'
import { send } from '../helpers/http-request.js'
import { RawConnection } from '../helpers/raw-http.js'
import { smallGateway } from './small-gateway.js'

/** A process that gets no processor for so long would lose a connection before it has read its request. */
const idleSeconds = 2

test('a request whose node takes longer than idle-timeout gets its answer', async () => {
  const slow = await falseNode((_request, response) => {
    setTimeout(() => response.writeHead(404).end(), 2_500)
  })
  const gateway = await smallGateway({
    nodesPerShard: [1],
    otherNodes: { 11: slow },
    proxy: { 'idle-timeout': 1 },
  })
  const { status } = await send(gateway.gatewayPort, 'GET', '/lookup/1/x')
  expect(status).toBe(404)
})

test('an upload whose node takes longer than idle-timeout gets its answer', async () => {
  let puts = 0
  const slow = await falseNode((request, response) => {
    request.resume()
    if (request.method !== 'PUT') {
      response.writeHead(404).end()
      return
    }
    puts++
    setTimeout(() => response.writeHead(507).end(), 4_500)
  })
  const gateway = await smallGateway({
    nodesPerShard: [1],
    otherNodes: { 11: slow },
    proxy: { 'idle-timeout': idleSeconds },
  })
  const { status } = await send(gateway.gatewayPort, 'PUT', '/upload/1/x', { body: Buffer.alloc(3_000_000) })
  expect([status >= 500, puts]).toEqual([true, 1])
})

test.each([100, 3_000_000])(
  'an upload of %i bytes whose client falls silent ends after idle-timeout',
  async (sizeBytes) => {
    const gateway = await smallGateway({
      nodesPerShard: [1],
      proxy: { 'idle-timeout': idleSeconds },
      // So that no minimum rate ends it.
      limits: { bodyWindowMs: 3_600_000 },
    })
    const client = await RawConnection.open(gateway.gatewayPort)
    client.write(`PUT /upload/1/x HTTP/1.1\r\nHost: x\r\nContent-Length: ${sizeBytes}\r\n\r\nhalf`)
    await client.ended()
    expect(await gateway.node('11').read('x')).toBeUndefined()
  },
)
