// Who is idle: a client that does nothing, never one that waits for a node.
import { expect, test } from 'vitest'
import { falseNode } from '../helpers/false-node.js'
import { send } from '../helpers/http-request.js'
import { smallGateway } from './small-gateway.js'

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
