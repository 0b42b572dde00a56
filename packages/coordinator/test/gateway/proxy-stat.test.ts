// What /proxy_stat tells an administrator, and what /update_local_config takes from one.
import { describe, expect, onTestFinished, test } from 'vitest'
import { withoutSignature } from '../../src/access/without-signature.js'
import { RecentErrors } from '../../src/gateway/recent-errors.js'
import { RequestRates } from '../../src/gateway/request-rates.js'
import { type Answer, jsonOf, send } from '../helpers/http-request.js'
import { RawConnection, requestOnce } from '../helpers/raw-http.js'
import { until } from '../helpers/until.js'
import { aclLine, authorizationOf, linkOf, type SmallGateway, smallGateway } from './small-gateway.js'

const token = 'the token of redirects'
const admins = [aclLine('root', 'admin'), aclLine('mary', 'write')]

interface Statistics {
  readonly BucketCtlStat: Record<string, unknown> & {
    readonly ProxyConfig: { proxy: Record<string, unknown> }
  }
  readonly handlers: Record<string, { RS: Record<string, { BPS: number[]; RPS: number[] }> }>
  readonly errors: Record<string, unknown>[]
}

function asAdmin(
  gateway: SmallGateway,
  method: string,
  path: string,
  body?: string,
  user = 'root',
): Promise<Answer> {
  const headers = { Authorization: authorizationOf({ user, method, path }) }
  return send(gateway.gatewayPort, method, path, { headers, ...(body === undefined ? {} : { body }) })
}

const statistics = async (gateway: SmallGateway) =>
  jsonOf<Statistics>(await asAdmin(gateway, 'GET', '/proxy_stat/'))

describe('/proxy_stat/', () => {
  test('tells of the gateway and its configuration, without a secret', async () => {
    const gateway = await smallGateway({
      admins,
      proxy: { 'redirect-token': token, 'redirect-port': 'node', 'bucket-update-interval': 7 },
    })
    const answer = await asAdmin(gateway, 'GET', '/proxy_stat/')
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8'])
    expect(answer.body.toString()).not.toContain(token)
    const { BucketCtlStat: stat, errors } = jsonOf<Statistics>(answer)
    for (const name of ['StartTime', 'StatTime', 'ConfigTime', 'CurrentTime']) {
      const seconds = stat[name] as number
      expect(Math.floor(Date.parse(stat[`${name}String`] as string) / 1000), name).toBe(seconds)
    }
    expect(stat).toMatchObject({ BucketNum: 1, ConfigUpdateInterval: 7, StatUpdateInterval: 3 })
    expect(stat.ProxyConfig.proxy).toMatchObject({
      address: '127.0.0.1:0',
      'free-space-ratio-soft': 0.2,
      'redirect-port': 'node',
      'redirect-token': '********',
    })
    expect(errors).toEqual([])
  })

  test('counts what was asked, by handler and class of status', async () => {
    const gateway = await smallGateway({ admins })
    await send(gateway.gatewayPort, 'PUT', '/upload/1/cat', { body: 'meow' })
    await send(gateway.gatewayPort, 'GET', '/get/1/cat')
    await send(gateway.gatewayPort, 'GET', '/get/1/dog')
    const shown = async () => (await statistics(gateway)).handlers
    await until(async () => (await shown())['get']?.RS['400'] !== undefined, 'the requests are counted')
    const { upload, get, lookup } = await shown()
    expect([Object.keys(upload?.RS ?? {}), Object.keys(get?.RS ?? {}), lookup]).toEqual([
      ['200'],
      ['200', '400'],
      { RS: {} },
    ])
    expect([get?.RS['200']?.BPS.length, get?.RS['200']?.RPS.length]).toEqual([3, 3])
  })

  test('counts bytes that came and went, once, and not those that a client only speaks of', async () => {
    const gateway = await smallGateway({ admins })
    const { gatewayPort: port } = gateway
    const large = 'Content-Length: 1000000000'
    expect((await requestOnce(port, `PUT /upload/9/a HTTP/1.1\r\nHost: x\r\n${large}\r\n\r\n`)).status).toBe(
      400,
    )
    const startedAtMs = performance.now()
    await send(port, 'PUT', '/upload/1/cat', { body: Buffer.alloc(1_000_000) })
    const connection = await RawConnection.open(port)
    onTestFinished(() => connection.close())
    const head = 'HEAD /get/1/cat HTTP/1.1\r\nHost: x\r\n\r\n'
    const get = 'GET /get/1/cat HTTP/1.1\r\nHost: x\r\n\r\n'
    // The answer to the second goes when the first is done; to the first it must not be added.
    connection.write(
      `GET /ping/ HTTP/1.1\r\nHost: x\r\n\r\n${get}${head}GET /lookup/1/cat HTTP/1.1\r\nHost: x\r\n\r\n`,
    )
    for (const isHead of [false, false, true, false])
      expect((await connection.read({ head: isHead }))?.status).toBe(200)
    const shown = async () => (await statistics(gateway)).handlers
    await until(async () => (await shown())['lookup']?.RS['200'] !== undefined, 'all are counted')
    const { ping, upload, get: gets, lookup } = await shown()
    const most = ({ RS }: { RS: Record<string, { BPS: number[] }> } = { RS: {} }, name = '200') =>
      Math.max(...(RS[name]?.BPS ?? []))
    expect(most(upload, '400')).toBeLessThan(10_000)
    expect([most(ping), most(lookup)].every((bytes) => bytes < 10_000)).toBe(true)
    // What the average over 3 seconds keeps of a million for so long at least.
    const elapsedSeconds = (performance.now() - startedAtMs) / 1000
    const leastBytes = (1_000_000 / 3) * Math.exp(-elapsedSeconds / 3)
    for (const bytes of [most(upload), most(gets)]) {
      expect(bytes).toBeGreaterThan(leastBytes - 1)
      expect(bytes).toBeLessThan(1_100_000)
    }
  })

  test('lists what went wrong, without the signature of a link', async () => {
    const gateway = await smallGateway({ admins, acls: { 1: [aclLine('mary')] } })
    const link = linkOf({ user: 'mary', method: 'GET', path: '/get/1/none' })
    expect((await send(gateway.gatewayPort, 'GET', link)).status).toBe(404)
    const { errors } = await statistics(gateway)
    expect(errors).toHaveLength(1)
    const { Tsec, Tnsec, Time, RemoteAddr, Error: text, ...rest } = errors[0]!
    expect(rest).toEqual({
      Method: 'GET',
      Status: 404,
      URL: link.replace(/signature=[0-9a-f]{128}/, 'signature='),
    })
    expect(Date.parse(String(Time))).toBe(Number(Tsec) * 1_000 + Number(Tnsec) / 1_000_000)
    expect([RemoteAddr, typeof text]).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/), 'string'])
  })

  test.each([
    ['nobody', {}],
    ['a writer', { Authorization: authorizationOf({ user: 'mary', method: 'GET', path: '/proxy_stat/' }) }],
  ])('is not for %s', async (_name, headers) => {
    const gateway = await smallGateway({ admins })
    expect((await send(gateway.gatewayPort, 'GET', '/proxy_stat/', { headers })).status).toBe(403)
  })
})

describe('/update_local_config/', () => {
  test('takes what /proxy_stat/ shows back, changed', async () => {
    const gateway = await smallGateway({
      admins,
      proxy: { 'redirect-token': token, headers: { 'X-A': 'b' } },
    })
    const { ProxyConfig: config } = (await statistics(gateway)).BucketCtlStat
    Object.assign(config.proxy, { headers: { 'X-A': 'c' }, 'disable-config-update-for-seconds': 3_600 })
    const answer = await asAdmin(gateway, 'POST', '/update_local_config/', JSON.stringify(config))
    expect([answer.status, answer.body.toString()]).toEqual([200, expect.stringContaining('3600 s')])
    expect((await send(gateway.gatewayPort, 'GET', '/ping/')).headers['x-a']).toBe('c')
  })

  test('tells every problem in text, shows no secret, and changes nothing', async () => {
    const gateway = await smallGateway({ admins, proxy: { headers: { 'X-A': 'b' } } })
    const body = JSON.stringify({ proxy: { frob: 1, 'redirect-token': 'hush', headers: { 'X-A': 'c' } } })
    const answer = await asAdmin(gateway, 'POST', '/update_local_config/', body)
    expect([answer.status, answer.headers['content-type']]).toEqual([400, 'text/plain; charset=utf-8'])
    expect(answer.body.toString()).toMatch(/proxy\.redirect-token: .*proxy\.frob: /s)
    expect(answer.body.toString()).not.toContain('hush')
    expect((await send(gateway.gatewayPort, 'GET', '/ping/')).headers['x-a']).toBe('b')
    expect(JSON.stringify(await statistics(gateway))).not.toContain('hush')
  })

  test.each([
    ['no JSON', '{"proxy":'],
    ['no body', undefined],
    ['too much', JSON.stringify({ proxy: { root: 'x'.repeat(1024 * 1024) } })],
  ])('refuses %s', async (_name, body) => {
    const gateway = await smallGateway({ admins })
    expect((await asAdmin(gateway, 'POST', '/update_local_config/', body)).status).toBe(400)
  })

  test('is not for a writer, nor for anybody without an admin ACL, nor by GET', async () => {
    const gateway = await smallGateway({ admins })
    const post = (user: string) => asAdmin(gateway, 'POST', '/update_local_config/', '{"proxy":{}}', user)
    expect([(await post('mary')).status, (await post('eve')).status]).toEqual([403, 403])
    expect((await asAdmin(gateway, 'GET', '/update_local_config/')).status).toBe(400)
    const open = await smallGateway()
    expect((await asAdmin(open, 'POST', '/update_local_config/', '{"proxy":{}}')).status).toBe(403)
  })
})

describe('rates', () => {
  test('fade as an exponential average over 1, 2 and 3 seconds does', () => {
    let nowMs = 0
    const rates = new RequestRates(() => nowMs)
    // 10 requests a second of 100 bytes each, for a minute: the averages come near to what there is.
    for (let request = 0; request < 600; request++) {
      nowMs += 100
      rates.count('get', 206, 100)
    }
    const { BPS = [], RPS = [] } = rates.describe()['get']?.RS['200'] ?? {}
    expect(RPS.map(Math.round)).toEqual([11, 10, 10])
    expect(BPS.map((rate) => Math.round(rate / 100))).toEqual([11, 10, 10])
    nowMs += 3_000
    const [one = 0, two = 0, three = 0] = rates.describe()['get']?.RS['200']?.RPS ?? []
    expect([one / RPS[0]!, two / RPS[1]!, three / RPS[2]!].map((part) => part.toFixed(2))).toEqual(
      [3, 1.5, 1].map((windows) => Math.exp(-windows).toFixed(2)),
    )
    nowMs += 60_000
    expect(rates.describe()['get']).toEqual({ RS: {} })
  })

  test('have a place for every handler and for no other name', () => {
    const rates = new RequestRates()
    const before = Object.keys(rates.describe())
    for (const name of ['static', '__proto__', 'x'.repeat(100)]) rates.count(name, 404, 0)
    expect(Object.keys(rates.describe())).toEqual(before)
    expect(rates.describe()['/']?.RS['400']?.RPS[0]).toBeGreaterThan(2)
  })
})

describe('recent errors', () => {
  const failed = { method: 'GET', remoteAddress: '::1:1', url: '/get/1/a', error: 'no', status: 404 }

  test('are the last 128, the oldest first, each cut to a length', () => {
    const errors = new RecentErrors()
    for (let at = 1; at <= 200; at++)
      errors.add({ ...failed, error: 'x'.repeat(5_000), url: '/'.repeat(9_000) }, at)
    const shown = errors.describe()
    expect([shown.length, shown[0]?.Tnsec, shown[127]?.Tnsec]).toEqual([128, 73_000_000, 200_000_000])
    expect([shown[0]?.Error.length, shown[0]?.URL.length]).toEqual([1_024, 2_048])
  })

  test.each([
    ['/get/1/a?signature=ab', '/get/1/a?signature='],
    ['/a?x=1&signature=ab&signature=cd&y', '/a?x=1&signature=&signature=&y'],
    ['/a?%73ignature=ab', '/a?%73ignature='],
    ['/a?Signature=ab', '/a?Signature='],
    ['/a?signature', '/a?signature='],
    ['/a/signature=ab', '/a/signature=ab'],
    ['/a?signatures=ab', '/a?signatures=ab'],
    ['/a?user=b?signature=ab', '/a?user=b?signature=ab'],
  ])('show %s as %s', (target, shown) => {
    expect(withoutSignature(target)).toBe(shown)
  })
})
