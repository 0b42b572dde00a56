// Rights at the two ends of an upload: nobody's body is taken who may write nowhere, and an ACL that changes while a body
// comes holds for it.
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { expect, test } from 'vitest'
import { send } from '../helpers/http-request.js'
import { until } from '../helpers/until.js'
import { aclLine, authorizationOf, type SmallGateway, smallGateway } from './small-gateway.js'

const half = Buffer.alloc(10_000, 7)

function begin(gateway: SmallGateway, path: string, headers: Record<string, string>): ClientRequest {
  return httpRequest({
    host: '127.0.0.1',
    port: gateway.gatewayPort,
    method: 'PUT',
    path,
    headers: { 'Content-Length': String(2 * half.length), ...headers },
  })
}

async function isUnderWay({ port }: SmallGateway): Promise<boolean> {
  const { body } = await send(port, 'GET', '/-/metrics')
  return body.toString().includes('\nbackpack_coordinator_uploads_under_way 1\n')
}

test.each(['/upload/1/photo', '/nobucket_upload/photo'])(
  '%s is refused when its user was taken off meanwhile',
  async (path) => {
    const gateway = await smallGateway({ nodesPerShard: [1], acls: { 1: [aclLine('mary', 'write')] } })
    const Authorization = authorizationOf({ user: 'mary', method: 'PUT', path })
    const upload = begin(gateway, path, { Authorization })
    const answered = once(upload, 'response')
    upload.write(half)
    await until(() => isUnderWay(gateway), 'the upload is under way')
    await gateway.setAcl('1', [aclLine('eve', 'write')])
    upload.end(half)
    const [answer] = (await answered) as [IncomingMessage]
    answer.resume()
    expect(answer.statusCode).toBe(403)
    expect(await gateway.node('11').read('photo')).toBeUndefined()
  },
)

test.each(['/upload/1/photo', '/nobucket_upload/photo'])(
  '%s of somebody who may write nowhere is refused before its body',
  async (path) => {
    const gateway = await smallGateway({ nodesPerShard: [1], acls: { 1: [aclLine('mary', 'write')] } })
    const upload = begin(gateway, path, { Expect: '100-continue' })
    let isWanted = false
    upload.on('continue', () => (isWanted = true))
    upload.flushHeaders()
    const [answer] = (await once(upload, 'response')) as [IncomingMessage]
    upload.destroy()
    expect([answer.statusCode, isWanted]).toEqual([403, false])
  },
)
