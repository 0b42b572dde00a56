import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { LookupResult } from '../../src/gateway/read/lookup-result.js'
import { falseNode } from '../helpers/false-node.js'
import { jsonOf, send } from '../helpers/http-request.js'
import { smallGateway } from './small-gateway.js'

const older = 0x018b_cfe5_6800_0001n
const newer = 0x018b_cfe5_6801_0001n
const data = Buffer.from('hello')
const target = '/lookup/1/a%20b/c'
const name = 'a b/c'

describe('a lookup', () => {
  it('asks every node of the bucket, really', async () => {
    const { gatewayPort, node, nodes } = await smallGateway({ nodesPerShard: [3] })
    await node('11').store.put(name, data, { version: older })
    await node('13').store.put(name, data, { version: newer })
    const answer = await send(gatewayPort, 'GET', target)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    const result = jsonOf<LookupResult>(answer)
    expect(result['success-groups']).toEqual([11, 13])
    expect(result['error-groups']).toEqual([12])
    expect(result.info.map(({ group }) => group)).toEqual([11, 12, 13])
    const [first, second, third] = result.info
    expect(first).toEqual({
      group: 11,
      backend: 0,
      id: createHash('sha512').update(name).digest('hex'),
      csum: '3610a686',
      filename: '/a%20b/c',
      size: 5,
      'offset-within-data-file': 0,
      mtime: '2023-11-14T22:13:20.000Z',
      server: nodes.get('11')!.url.replace('http://', ''),
      error: null,
    })
    expect(second?.error?.Code).toBe(-2)
    expect(third?.mtime).toBe('2023-11-14T22:13:20.001Z')
    await node('12').store.put(name, data, { version: older })
    expect(jsonOf<LookupResult>(await send(gatewayPort, 'GET', target))['success-groups']).toEqual([
      11, 12, 13,
    ])
  })

  it('of what no node has is 404, also when one knows of its end', async () => {
    const { gatewayPort, node } = await smallGateway()
    expect((await send(gatewayPort, 'GET', target)).status).toBe(404)
    await node('11').store.put(name, data, { version: older })
    await node('12').store.delete(name, { version: newer })
    expect((await send(gatewayPort, 'GET', target)).status).toBe(404)
    await node('12').store.put(name, data, { version: newer + 0x10000n })
    expect(jsonOf<LookupResult>(await send(gatewayPort, 'GET', target))['success-groups']).toEqual([11, 12])
  })

  it('says which nodes are away, and is 503 when the others do not have it', async () => {
    const sick = await falseNode((_request, response) => void response.writeHead(503).end())
    const { gatewayPort, node } = await smallGateway({ otherNodes: { 12: sick } })
    expect((await send(gatewayPort, 'GET', target)).status).toBe(503)
    await node('11').store.put(name, data, { version: older })
    const result = jsonOf<LookupResult>(await send(gatewayPort, 'GET', target))
    expect([result['success-groups'], result['error-groups']]).toEqual([[11], [12]])
    expect(result.info[1]?.error?.Code).toBe(-6)
  })

  it('that names no key or no bucket is 400', async () => {
    const { gatewayPort } = await smallGateway({ nodesPerShard: [1] })
    for (const path of ['/lookup/1', '/lookup/1/', '/lookup/9/a', '/lookup/']) {
      expect([path, (await send(gatewayPort, 'GET', path)).status]).toEqual([path, 400])
    }
    expect((await send(gatewayPort, 'POST', target)).status).toBe(400)
  })
})
