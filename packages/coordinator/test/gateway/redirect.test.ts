import { Secret, signedText, signText } from '@backpack/signing'
import { describe, expect, it } from 'vitest'
import { send } from '../helpers/http-request.js'
import { type SmallGateway, smallGateway } from './small-gateway.js'

const token = 'a redirect token of many letters'
const name = 'a b/c?d'
const target = '/redirect/1/a%20b/c%3Fd'
const proxy = { 'redirect-port': 'node', 'redirect-token': token, 'redirect-signature-timeout': 60 }
const clusterSecret = 'the secret of the daemons'
const closedStores = {
  options: { clusterSecret },
  daemonOptions: { clusterSecret, redirectToken: token, refuseUnsignedReads: true },
}
const data = Buffer.from('hello, world')

const put = (gateway: SmallGateway, ...ids: string[]) =>
  Promise.all(ids.map((id) => gateway.node(id).store.put(name, data, { version: 0x018b_cfe5_6800_0001n })))

describe('the link of a redirect', () => {
  it('is good at a store that serves nothing else, and so are its headers', async () => {
    const gateway = await smallGateway({ proxy, ...closedStores })
    await put(gateway, '11', '12')
    const { headers } = await send(gateway.gatewayPort, 'GET', target)
    const { pathname, search, port } = new URL(headers.location ?? '')
    const path = pathname + search
    const whole = await send(Number(port), 'GET', path)
    expect([whole.status, whole.body.toString()]).toEqual([200, data.toString()])
    expect((await send(Number(port), 'HEAD', path)).headers['content-length']).toBe('12')
    const part = await send(Number(port), 'GET', path, { headers: { Range: 'bytes=7-' } })
    expect([part.status, part.body.toString()]).toEqual([206, 'world'])

    const ours = Object.entries(headers).filter(([header]) => /^x-ell-|^authorization$/.test(header))
    const byHeaders = await send(Number(port), 'GET', pathname, {
      headers: Object.fromEntries(ours) as Record<string, string>,
    })
    expect([byHeaders.status, byHeaders.body.toString()]).toEqual([200, data.toString()])

    expect((await send(Number(port), 'GET', pathname)).status).toBe(403)
    expect((await send(Number(port), 'GET', path.replace('c%3Fd', 'other'))).status).toBe(403)
    expect((await send(Number(port), 'GET', path.replace(/expires=\d/, 'expires=9'))).status).toBe(403)
  })
})

describe('a redirect', () => {
  it('goes to a node that has the blob, signed', async () => {
    const gateway = await smallGateway({ proxy })
    await put(gateway, '12')
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, body } = await send(gateway.gatewayPort, method, target)
      expect(status).toBe(302)
      expect(body).toHaveLength(0)
      expect(headers['cache-control']).toBe('no-store')
      const url = new URL(headers.location ?? '')
      expect(url.origin).toBe(gateway.node('12').url)
      expect(url.pathname).toBe('/a%20b/c%3Fd')
      const expires = url.searchParams.get('expires') ?? ''
      const signTime = headers['x-ell-signtime'] as string
      expect(Number(expires)).toBe(Number(signTime) + 60)
      expect(Math.abs(Number(signTime) - Date.now() / 1000)).toBeLessThan(60)
      const query = [['expires', expires]] as const
      const text = signedText({ method: 'GET', path: `/${name}`, query })
      expect(url.searchParams.get('signature')).toBe(signText(new Secret(token), text))
      expect(headers).toMatchObject({
        'x-ell-mtime': '1700000000',
        'x-ell-signature-timeout': '60',
        'x-ell-file-offset': '0',
        'x-ell-total-size': '12',
        'x-ell-file': '/a%20b/c%3Fd',
      })
      const ours = Object.entries(headers).filter(([header]) => header.startsWith('x-ell-')) as [
        string,
        string,
      ][]
      expect(ours).toHaveLength(6)
      const headerText = signedText({ method: 'GET', path: `/${name}`, headers: ours })
      expect(headers['authorization']).toBe(signText(new Secret(token), headerText))
    }
  })

  it('goes to each holder at some time', async () => {
    const gateway = await smallGateway({ nodesPerShard: [3], proxy })
    await put(gateway, '11', '12')
    const origins = new Set<string>()
    // Of 64 tosses of a coin all are the same once in 2^63 tries.
    for (let at = 0; at < 64 && origins.size < 2; at++) {
      const { headers } = await send(gateway.gatewayPort, 'GET', target)
      origins.add(new URL(headers.location ?? '').origin)
    }
    expect([...origins].sort()).toEqual([gateway.node('11').url, gateway.node('12').url].sort())
  })

  it('goes to the configured port', async () => {
    const gateway = await smallGateway({ proxy: { ...proxy, 'redirect-port': 8080 } })
    await put(gateway, '11')
    const { headers } = await send(gateway.gatewayPort, 'GET', target)
    expect(headers.location).toMatch(
      /^http:\/\/127\.0\.0\.1:8080\/a%20b\/c%3Fd\?expires=\d{10}&signature=[0-9a-f]{128}$/,
    )
  })

  it('is 404 for what is not there, also when a node knows of its end, and 503 when nobody can say', async () => {
    const gateway = await smallGateway({ proxy })
    expect((await send(gateway.gatewayPort, 'GET', target)).status).toBe(404)
    await put(gateway, '11', '12')
    for (const id of ['11', '12']) await gateway.node(id).store.delete(name)
    expect((await send(gateway.gatewayPort, 'GET', target)).status).toBe(404)
    await gateway.node('11').stop()
    await gateway.node('12').stop()
    expect((await send(gateway.gatewayPort, 'GET', target)).status).toBe(503)
  })

  it.each([
    [
      '302 for a blob that was uploaded again since a node heard of its end',
      0x018b_cfe5_6802_0001n,
      '12',
      302,
    ],
    [
      '404 for a blob that a node has still, when another has heard of its end',
      0x018b_cfe5_6800_0001n,
      '12',
      404,
    ],
  ])('is %s', async (_, version, id, status) => {
    let ranks: number[] = []
    const options = { random: () => ranks.shift() ?? 0.5 }
    const gateway = await smallGateway({ proxy, options })
    await put(gateway, '11')
    await gateway.node('11').store.delete(name, { version: 0x018b_cfe5_6801_0001n })
    await gateway.node(id).store.put(name, data, { version })
    // The node with the tombstone is asked first.
    ranks = [0.1, 0.9]
    expect((await send(gateway.gatewayPort, 'GET', target)).status).toBe(status)
  })

  it('is 400 with a bad range, or one out of the blob', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1], proxy })
    await put(gateway, '11')
    const statusWith = async (query: string, headers: Record<string, string> = {}) =>
      (await send(gateway.gatewayPort, 'GET', target + query, { headers })).status
    for (const Range of ['bytes=0-1', 'bytes=0-1,20-', 'bytes=-500', 'pages=1']) {
      expect([Range, await statusWith('', { Range })]).toEqual([Range, 302])
    }
    for (const Range of ['bytes=5-2', 'bytes=', 'nonsense', 'bytes=12-', 'bytes=-0']) {
      expect([Range, await statusWith('', { Range })]).toEqual([Range, 400])
    }
    expect(await statusWith('?offset=0', { Range: 'nonsense' })).toBe(302)
    for (const query of ['?offset=x', '?size=-1']) {
      expect([query, await statusWith(query)]).toEqual([query, 400])
    }
  })

  it('is 503 without a port or a token, also for what is not there', async () => {
    for (const missing of [{}, { 'redirect-token': token }, { ...proxy, 'redirect-port': 0 }]) {
      const gateway = await smallGateway({ nodesPerShard: [1], proxy: missing })
      const { status, headers } = await send(gateway.gatewayPort, 'GET', target)
      expect(status).toBe(503)
      expect(headers['retry-after']).toBeUndefined()
    }
  })
})

describe('a part of a blob, asked for in the query,', () => {
  it.each(['?offset=2', '?size=5', '?offset=2&size=10', '?offset=0&size=12'])(
    'is refused: the store would send the whole blob to %s',
    async (query) => {
      const gateway = await smallGateway({ nodesPerShard: [1], proxy })
      await put(gateway, '11')
      const { status, headers, body } = await send(gateway.gatewayPort, 'GET', target + query)
      expect([status, headers.location]).toEqual([400, undefined])
      expect(body.toString()).toMatch(/whole blob.*\/get/)
    },
  )

  it('is the whole blob when it begins at 0 and has no end', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1], proxy })
    await put(gateway, '11')
    for (const query of ['?offset=0', '?size=0', '?offset=0&size=0']) {
      expect((await send(gateway.gatewayPort, 'GET', target + query)).status).toBe(302)
    }
  })
})
