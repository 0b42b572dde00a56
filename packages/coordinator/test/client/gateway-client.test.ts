// The client against a real gateway whose shards have an ACL.
import { codeOf, detailOf } from '@backpack/cluster-model'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { GatewayClient, type GatewayClientOptions } from '../../src/client/gateway-client.js'
import { signLink } from '../../src/client/sign-link.js'
import { aclLine, smallGateway, tokenOf } from '../gateway/small-gateway.js'
import { deadAddress } from '../helpers/false-node.js'
import { patternBytes } from '../helpers/http-request.js'

const keys = ['cat.jpg', 'holidays/2026/a b.jpg', 'caf\u00e9 \u{1f408}?x=1&y=%2F#z+*~()', '100%25']

function clientOf(options: GatewayClientOptions): GatewayClient {
  const client = new GatewayClient(options)
  onTestFinished(() => client.close())
  return client
}

async function closedGateway() {
  const acl = [aclLine('wendy', 'write'), aclLine('rita')]
  const gateway = await smallGateway({ nodesPerShard: [2, 1], acls: { 1: acl, 2: acl } })
  const as = (user: string) => clientOf({ url: gateway.gatewayUrl, user, token: tokenOf(user) })
  return { gateway, wendy: as('wendy'), rita: as('rita'), as }
}

/** The status with which a gateway refused it. */
async function refusedWith(work: Promise<unknown>): Promise<unknown> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return codeOf(error) === 'REQUEST_REFUSED' ? detailOf(error, 'status') : (codeOf(error) ?? error)
}

describe('a blob', () => {
  test.each(keys)('of the key %s goes up, comes down, whole and in part, and is deleted', async (key) => {
    const { gateway, wendy, rita } = await closedGateway()
    const bytes = patternBytes(100_000)
    const uploaded = await wendy.upload(key, bytes, { bucket: '1', contentType: 'image/jpeg' })
    expect(uploaded).toMatchObject({ bucket: '1', key })
    expect([await gateway.node('11').read(key), await gateway.node('12').read(key)]).toContainEqual(bytes)
    const whole = await rita.get('1', key)
    expect([whole?.status, whole?.headers['content-type'], whole?.headers.etag]).toEqual([
      200,
      'image/jpeg',
      uploaded.etag,
    ])
    expect((await buffer(whole!.body)).equals(bytes)).toBe(true)
    const part = await rita.get('1', key, { range: 'bytes=10-19' })
    expect([part?.status, part?.headers['content-range']]).toEqual([206, 'bytes 10-19/100000'])
    expect(await buffer(part!.body)).toEqual(bytes.subarray(10, 20))
    expect(await wendy.delete('1', key)).toBe(true)
    expect(await rita.get('1', key)).toBeUndefined()
    expect(await gateway.node('11').read(key)).toBeUndefined()
  })

  test('as a stream goes to a bucket that the gateway chooses, small and large', async () => {
    const { wendy } = await closedGateway()
    for (const sizeBytes of [1, 3_000_000]) {
      const bytes = patternBytes(sizeBytes)
      const half = Math.floor(sizeBytes / 2)
      const body = Readable.from([bytes.subarray(0, half), bytes.subarray(half)])
      const { bucket } = await wendy.upload('stream', body, { sizeBytes })
      const fetched = await wendy.get(bucket, 'stream')
      expect((await buffer(fetched!.body)).equals(bytes)).toBe(true)
    }
  })

  test('as a stream without a size is refused before anything is sent', async () => {
    const { wendy } = await closedGateway()
    await expect(wendy.upload('x', Readable.from(['a']))).rejects.toThrow(TypeError)
  })

  test('that is not there is undefined, and deleting it false', async () => {
    const { wendy } = await closedGateway()
    expect(await wendy.get('1', 'nothing')).toBeUndefined()
    expect(await wendy.delete('1', 'nothing')).toBe(false)
  })
})

describe('links', () => {
  test.each(keys)('to %s work in a plain fetch, HEAD included', async (key) => {
    const { wendy } = await closedGateway()
    await wendy.upload(key, Buffer.from('meow'), { bucket: '1' })
    const link = wendy.sign({ bucket: '1', key, validSeconds: 60 })
    expect(link).not.toContain(tokenOf('wendy'))
    const answer = await fetch(link)
    expect([answer.status, await answer.text()]).toEqual([200, 'meow'])
    const head = await fetch(link, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '4'])
    for (const method of ['PUT', 'POST', 'DELETE']) {
      expect((await fetch(link, { method, body: 'x' })).status).toBe(400)
    }
  })

  test.each(['PUT', 'POST'] as const)('for an upload by %s let a browser bring a blob', async (method) => {
    const { gateway, wendy } = await closedGateway()
    const link = wendy.sign({ method, bucket: '2', key: 'from a browser', validSeconds: 60 })
    const other = method === 'PUT' ? 'POST' : 'PUT'
    expect((await fetch(link, { method: other, body: 'meow' })).status).toBe(403)
    expect((await fetch(link.replace('browser', 'brewer'), { method, body: 'meow' })).status).toBe(403)
    expect(await gateway.node('21').read('from a browser')).toBeUndefined()
    const answer = await fetch(link, { method, body: 'meow' })
    expect([answer.status, await answer.json()]).toMatchObject([200, { bucket: '2', key: 'from a browser' }])
    const chosen = wendy.sign({ method, key: 'anywhere', validSeconds: 60 })
    expect((await fetch(chosen, { method, body: 'meow' })).status).toBe(200)
  })

  test('end when they say so', async () => {
    const { gateway, wendy } = await closedGateway()
    await wendy.upload('a', Buffer.from('meow'), { bucket: '1' })
    const expiresAtSeconds = Math.floor(Date.now() / 1000) - 1
    const common = { method: 'GET', path: '/get/1/a', user: 'wendy', token: tokenOf('wendy') }
    const link = gateway.gatewayUrl + signLink({ ...common, expiresAtSeconds })
    expect((await fetch(link)).status).toBe(403)
    const longer = link.replace(/expires=(\d+)/, (_, at: string) => `expires=${Number(at) + 3600}`)
    expect((await fetch(longer)).status).toBe(403)
  })

  test('need a user, and a bucket to read from', () => {
    const url = 'http://127.0.0.1:1'
    const nobody = clientOf({ url })
    expect(() => nobody.sign({ bucket: '1', key: 'a', validSeconds: 1 })).toThrow(TypeError)
    const somebody = clientOf({ url, user: 'u', token: 'the token of u' })
    expect(() => somebody.sign({ key: 'a', validSeconds: 1 })).toThrow(TypeError)
    expect(() => clientOf({ url, user: 'u' })).toThrow(TypeError)
  })
})

test('what the gateway refuses is an error with its status, and changes nothing', async () => {
  const { gateway, wendy, rita, as } = await closedGateway()
  await wendy.upload('a', Buffer.from('meow'), { bucket: '1' })
  const stranger = as('stranger')
  const unsigned = clientOf({ url: gateway.gatewayUrl })
  const forger = clientOf({ url: gateway.gatewayUrl, user: 'wendy', token: 'not the token of wendy' })
  for (const client of [stranger, unsigned, forger]) {
    expect(await refusedWith(client.get('1', 'a'))).toBe(403)
    expect(await refusedWith(client.upload('b', Buffer.from('b'), { bucket: '1' }))).toBe(403)
    expect(await refusedWith(client.upload('b', Buffer.from('b')))).toBe(403)
    expect(await refusedWith(client.delete('1', 'a'))).toBe(403)
  }
  expect(await refusedWith(rita.upload('b', Buffer.from('b'), { bucket: '1' }))).toBe(403)
  expect(await refusedWith(rita.delete('1', 'a'))).toBe(403)
  expect(await refusedWith(wendy.upload('b', Buffer.from('b'), { bucket: '9' }))).toBe(400)
  expect(await refusedWith(wendy.upload('b', Buffer.alloc(0), { bucket: '1' }))).toBe(400)
  expect(await refusedWith(wendy.get('1', 'a', { range: 'bytes=100-' }))).toBe(416)
  expect(await buffer((await rita.get('1', 'a'))!.body)).toEqual(Buffer.from('meow'))
  expect(await rita.get('1', 'b')).toBeUndefined()
})

test('a large upload that is refused is an error with its status, not a broken connection', async () => {
  const { rita } = await closedGateway()
  expect(await refusedWith(rita.upload('b', patternBytes(20_000_000), { bucket: '1' }))).toBe(403)
})

test('a gateway that is away is an error of its own', async () => {
  const url = await deadAddress()
  const client = clientOf({ url, user: 'u', token: 'the token of u' })
  expect(await refusedWith(client.get('1', 'a'))).toBe('GATEWAY_AWAY')
  expect(await refusedWith(client.upload('a', Buffer.from('a')))).toBe('GATEWAY_AWAY')
  expect(await refusedWith(client.delete('1', 'a'))).toBe('GATEWAY_AWAY')
})

test('no error and no client shows the token', async () => {
  const { gateway } = await closedGateway()
  const token = 'a token that nobody must see'
  const client = clientOf({ url: gateway.gatewayUrl, user: 'wendy', token })
  const error: unknown = await client.get('1', 'a').catch((thrown: unknown) => thrown)
  const { inspect } = await import('node:util')
  const shown = [inspect(error, { depth: 9 }), inspect(client, { depth: 9 }), JSON.stringify(client)]
  for (const text of shown) expect(text).not.toContain(token)
})
