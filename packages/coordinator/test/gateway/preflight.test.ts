// The question of a browser before an upload from a page of another origin.
import { describe, expect, it } from 'vitest'
import { send } from '../helpers/http-request.js'
import { aclLine, smallGateway } from './small-gateway.js'

const asked = {
  Origin: 'https://photos.example.com',
  'Access-Control-Request-Method': 'PUT',
  'Access-Control-Request-Headers': 'content-type,x-ell-ttl',
}

function gatewayWith(headers: Readonly<Record<string, string>>) {
  return smallGateway({ nodesPerShard: [1], acls: { 1: [aclLine('mary', 'write')] }, proxy: { headers } })
}

describe('a CORS preflight', () => {
  it('is answered without a signature where other origins are let in', async () => {
    const { gatewayPort } = await gatewayWith({ 'Access-Control-Allow-Origin': '*', 'X-Ours': 'yes' })
    const answer = await send(gatewayPort, 'OPTIONS', '/upload/1/a', { headers: asked })
    expect([answer.status, answer.body.length]).toEqual([204, 0])
    expect(answer.headers).toMatchObject({
      allow: 'POST, PUT',
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'POST, PUT',
      'access-control-allow-headers': 'content-type,x-ell-ttl',
      'x-ours': 'yes',
    })
    const toRead = await send(gatewayPort, 'OPTIONS', '/get/1/a', {
      headers: { Origin: asked.Origin, 'Access-Control-Request-Method': 'GET' },
    })
    expect(toRead.headers).toMatchObject({
      allow: 'GET, HEAD',
      'access-control-allow-headers': 'Authorization, Content-Type',
    })
  })

  it('says what the configuration says, where that says something', async () => {
    const { gatewayPort } = await gatewayWith({
      'access-control-allow-origin': 'https://photos.example.com',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'content-type',
      'access-control-max-age': '600',
    })
    const answer = await send(gatewayPort, 'OPTIONS', '/upload/1/a', { headers: asked })
    expect(answer.status).toBe(204)
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://photos.example.com',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'content-type',
      'access-control-max-age': '600',
    })
  })

  it('is a wrong method where no other origin is let in', async () => {
    const { gatewayPort } = await gatewayWith({ 'X-Ours': 'yes' })
    const answer = await send(gatewayPort, 'OPTIONS', '/upload/1/a', { headers: asked })
    expect(answer.status).toBe(400)
    expect(answer.headers).not.toHaveProperty('access-control-allow-methods')
  })

  it('needs an origin and a method: else OPTIONS is a wrong method', async () => {
    const { gatewayPort } = await gatewayWith({ 'Access-Control-Allow-Origin': '*' })
    const { Origin, 'Access-Control-Request-Method': method } = asked
    for (const headers of [{}, { Origin }, { 'Access-Control-Request-Method': method }]) {
      const answer = await send(gatewayPort, 'OPTIONS', '/upload/1/a', { headers })
      expect([answer.status, answer.headers['allow']]).toEqual([400, 'POST, PUT'])
    }
  })

  it('lets nobody write', async () => {
    const { gatewayPort } = await gatewayWith({ 'Access-Control-Allow-Origin': '*' })
    const put = await send(gatewayPort, 'PUT', '/upload/1/a', { headers: asked, body: Buffer.from('x') })
    // A page can read why: the configured headers are on refusals too.
    expect([put.status, put.headers['access-control-allow-origin']]).toEqual([403, '*'])
  })
})
