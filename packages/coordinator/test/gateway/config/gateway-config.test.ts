// What a configuration may say, what each name means, and what is refused.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { describeConfig, parseGatewayConfig } from '../../../src/gateway/config/gateway-config.js'
import { parseConfigText } from '../../../src/gateway/config/read-config-file.js'

const token = 'a token of enough bytes'
const manual = readFileSync(new URL('backrunner-manual.json', import.meta.url), 'utf8')

function problemsOf(proxy: unknown, others: object = {}): string[] {
  try {
    parseGatewayConfig({ proxy, ...others }, '/etc/backpack')
  } catch (error) {
    const { code, details } = error as { code: string; details: { problems: string[] } }
    expect(code).toBe('INVALID_OPTIONS')
    return details.problems
  }
  return []
}

const configOf = (proxy: object) => parseGatewayConfig({ proxy }, '/etc/backpack').config

describe("the sample of Backrunner's manual", () => {
  test('is accepted whole, and what means nothing here is told', () => {
    const { config, inert } = parseGatewayConfig(parseConfigText(manual), '/etc/backpack')
    expect(config).toMatchObject({
      address: undefined,
      httpsAddress: undefined,
      certFile: '/etc/elliptics/cert.pem',
      keyFile: '/etc/elliptics/key.pem',
      idleTimeoutMs: 60_000,
      freeSpaceRatioSoft: 0.2,
      freeSpaceRatioHard: 0.15,
      bucketUpdateIntervalMs: 30_000,
      statUpdateIntervalMs: 5_000,
      redirectPort: 8080,
      redirectSignatureTimeoutSeconds: 60,
      headers: [
        ['X-Ell-Some-Header', 'this is a header data'],
        ['Access-Control-Allow-Origin', '*'],
      ],
      root: '/srv/elliptics',
      disableConfigUpdateMs: 0,
    })
    expect(config.redirectToken?.reveal()).toBe('secure token to sign redirect request')
    expect(config.contentTypes).toContainEqual({ suffix: 'flv', type: 'video/x-flv' })
    expect(inert).toEqual([
      'elliptics',
      'proxy.redirect-root',
      'proxy.reader-io-flags',
      'proxy.writer-io-flags',
    ])
    expect(Object.isFrozen(config)).toBe(true)
  })

  test('shows no secret in JSON, in text or to a debugger', () => {
    const { config } = parseGatewayConfig(parseConfigText(manual), '/')
    const shown =
      JSON.stringify(config) + JSON.stringify(describeConfig(config)) + String(config.redirectToken)
    expect(shown).not.toContain('secure token')
  })

  test('is the same in YAML', () => {
    const yaml =
      'proxy:\n  address: "127.0.0.1:80"\n  headers:\n    X-A: b\n  free-space-ratio-soft: 0.3 # more\n'
    const { config } = parseGatewayConfig(parseConfigText(yaml), '/')
    expect(config.address).toEqual({ host: '127.0.0.1', port: 80, text: '127.0.0.1:80' })
    expect([config.headers, config.freeSpaceRatioSoft]).toEqual([[['X-A', 'b']], 0.3])
  })
})

describe('without a name its default holds', () => {
  test('for all of them', () => {
    expect(configOf({})).toMatchObject({
      idleTimeoutMs: 60_000,
      freeSpaceRatioSoft: 0.2,
      freeSpaceRatioHard: 0.15,
      bucketUpdateIntervalMs: 30_000,
      statUpdateIntervalMs: 3_000,
      redirectPort: undefined,
      redirectToken: undefined,
      redirectSignatureTimeoutSeconds: 60,
      headers: [],
      root: undefined,
      contentTypes: [],
      disableConfigUpdateMs: 0,
    })
  })

  test.each([
    [{ 'free-space-ratio-soft': 0.1 }, [0.1, 0.1]],
    [{ 'free-space-ratio-hard': 0.5 }, [0.5, 0.5]],
    [{ 'free-space-ratio-hard': 0.01 }, [0.2, 0.01]],
    [{ 'free-space-ratio-soft': 0, 'free-space-ratio-hard': 0 }, [0, 0]],
  ])('of %j the other ratio never contradicts it', (proxy, [soft, hard]) => {
    expect(configOf(proxy)).toMatchObject({ freeSpaceRatioSoft: soft, freeSpaceRatioHard: hard })
  })
})

describe('addresses', () => {
  test.each([
    ['127.0.0.1:80', '127.0.0.1', 80],
    [':8080', '', 8080],
    [':0', '', 0],
    ['[::1]:443', '::1', 443],
    ['photos.example.com:65535', 'photos.example.com', 65_535],
  ])('%s is one', (text, host, port) => {
    expect(configOf({ address: text }).address).toEqual({ host, port, text })
  })

  test.each([
    '80',
    'host',
    'host:',
    '::1:80',
    '[::1]',
    '[zz]:1',
    'a b:80',
    'http://a:80',
    ':65536',
    'h:80/',
    '*:80',
  ])('%s is none', (address) => {
    expect(problemsOf({ address })).toEqual(['proxy.address: must be host:port, [IPv6]:port or :port'])
  })

  test.each([
    ['127.0.0.1:80', '127.0.0.1:80'],
    [':80', '127.0.0.1:80'],
    ['localhost:80', '0.0.0.0:80'],
    ['Host:80', 'host:80'],
    ['localhost:80', '127.0.0.1:80'],
    ['[::1]:80', 'LocalHost:80'],
    ['[::]:80', 'localhost:80'],
    ['[0:0::1]:80', '[::1]:80'],
    ['[2001:DB8::]:80', '[2001:db8:0::0]:80'],
    ['[::ffff:127.0.0.1]:80', '127.0.0.1:80'],
  ])('%s for HTTP and %s for HTTPS are refused', (address, https) => {
    const files = { cert_file: 'c.pem', key_file: 'k.pem' }
    expect(problemsOf({ address, https_address: https, ...files })).toEqual([
      'proxy.https_address: must not be that of address',
    ])
  })

  test.each([
    ['127.0.0.1:80', '127.0.0.2:80'],
    ['127.0.0.2:80', 'localhost:80'],
    ['127.0.0.1:80', '[::1]:80'],
    ['localhost:80', '10.0.0.1:80'],
    ['localhost:80', 'localhost:81'],
    ['photos.example.com:80', '127.0.0.1:80'],
  ])('%s for HTTP and %s for HTTPS may be beside each other', (address, https) => {
    const files = { cert_file: 'c.pem', key_file: 'k.pem' }
    expect(problemsOf({ address, https_address: https, ...files })).toEqual([])
  })

  test('port 0 is another one each time', () => {
    const files = { cert_file: 'c.pem', key_file: 'k.pem' }
    expect(problemsOf({ address: ':0', https_address: ':0', ...files })).toEqual([])
    expect(configOf({ https_address: ':0', ...files }).certFile).toBe('/etc/backpack/c.pem')
  })
})

test('a redirect token has as many bytes as stores take, whatever its characters', () => {
  const problem = 'proxy.redirect-token: must have 16 to 4096 bytes'
  expect(problemsOf({ 'redirect-token': 'ü'.repeat(2_049) })).toEqual([problem])
  expect(problemsOf({ 'redirect-token': 'ü'.repeat(2_048) })).toEqual([])
})

test('suffixes are tried from the longest on, and a type may have parameters', () => {
  const types = { gz: 'application/gzip', 'tar.gz': 'application/x-tar', html: 'text/html; charset=utf-8' }
  expect(configOf({ 'content-types': types }).contentTypes.map(({ suffix }) => suffix)).toEqual([
    'tar.gz',
    'html',
    'gz',
  ])
})

test('a redirect port may be that of each node, and 0 is none', () => {
  expect(configOf({ 'redirect-port': 'node', 'redirect-token': token }).redirectPort).toBe('node')
  expect(configOf({ 'redirect-port': 0 }).redirectPort).toBeUndefined()
})

describe('what is refused', () => {
  test.each<[object, string]>([
    [{ frob: 1 }, 'proxy.frob: there is no such name'],
    [{ address: 80 }, 'proxy.address: must be a text'],
    [{ root: '/a\nb' }, 'proxy.root: must be one line'],
    [{ https_address: ':1', cert_file: 'c' }, 'proxy.key_file: is needed with https_address'],
    [{ 'idle-timeout': 0 }, 'proxy.idle-timeout: must be a number of seconds from 0.05 to 86400'],
    [{ 'idle-timeout': '60' }, 'proxy.idle-timeout: must be a number of seconds from 0.05 to 86400'],
    [{ 'bucket-update-interval': -1 }, 'proxy.bucket-update-interval: must be a number of seconds'],
    [
      { 'bucket-stat-update-interval': 1e9 },
      'proxy.bucket-stat-update-interval: must be a number of seconds',
    ],
    [
      { 'disable-config-update-for-seconds': -1 },
      'proxy.disable-config-update-for-seconds: must be a number',
    ],
    [{ 'free-space-ratio-soft': 1.1 }, 'proxy.free-space-ratio-soft: must be a number from 0 to 1'],
    [
      { 'free-space-ratio-soft': 0.1, 'free-space-ratio-hard': 0.2 },
      'proxy.free-space-ratio-hard: must not be above free-space-ratio-soft',
    ],
    [{ 'redirect-port': 70_000, 'redirect-token': token }, 'proxy.redirect-port: must be a port'],
    [{ 'redirect-port': 'all', 'redirect-token': token }, 'proxy.redirect-port: must be a port'],
    [{ 'redirect-port': 1 }, 'proxy.redirect-token-file: is needed with redirect-port'],
    [{ 'redirect-token': 'short' }, 'proxy.redirect-token: must have 16 to 4096 bytes'],
    [{ 'redirect-signature-timeout': 1.5 }, 'proxy.redirect-signature-timeout: must be a whole number of'],
    [{ 'redirect-token': ` ${token}` }, 'proxy.redirect-token: must not begin or end with a space'],
    [{ 'redirect-token': token, 'redirect-token-file': 't' }, 'proxy.redirect-token-file: is given beside'],
    [{ headers: [] }, 'proxy.headers: must be a map'],
    [{ headers: { 'X A': 'b' } }, 'proxy.headers.X A: is no name of a header'],
    [{ headers: { 'X-A': 'b\r\nSet-Cookie: c' } }, 'proxy.headers.X-A: cannot be in a header'],
    [{ headers: { 'X-A': 1 } }, 'proxy.headers.X-A: must be a text'],
    [{ headers: { connection: 'close' } }, 'proxy.headers.connection: cannot be on every answer'],
    [{ headers: { 'Transfer-Encoding': 'chunked' } }, 'proxy.headers.Transfer-Encoding: cannot be on every'],
    [{ headers: { 'Content-Length': '1' } }, 'proxy.headers.Content-Length: cannot be on every'],
    ...[
      'Accept-Ranges',
      'Allow',
      'authorization',
      'Content-Type',
      'Date',
      'ETag',
      'Last-Modified',
      'Location',
      'Retry-After',
      'X-Backpack-Copies',
      'X-Ell-File',
      'x-ell-signtime',
    ].map((name): [object, string] => [
      { headers: { [name]: 'x' } },
      `proxy.headers.${name}: is set by the gateway itself`,
    ]),
    [{ headers: { 'X-A': '1', 'x-a': '2' } }, 'proxy.headers.x-a: is given twice'],
    [{ 'content-types': { mp4: 'video' } }, 'proxy.content-types.mp4: must be a type'],
    [{ 'content-types': { mp4: 'video/mp4\r\nA: b' } }, 'proxy.content-types.mp4: must be a type'],
    [{ 'content-types': { '': 'video/mp4' } }, 'proxy.content-types: must not have an empty suffix'],
    [{ 'reader-io-flags': 'all' }, 'proxy.reader-io-flags: must be a number'],
  ])('%j', (proxy, problem) => {
    const problems = problemsOf(proxy)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(problem)
  })

  test('everything at once, with its path', () => {
    const problems = problemsOf(
      {
        frob: 1,
        address: 'x',
        https_address: 1,
        'idle-timeout': 'y',
        headers: { connection: 'z' },
        'free-space-ratio-soft': 0.1,
        'free-space-ratio-hard': 0.2,
        'redirect-port': 'none',
      },
      { elliptics: { remote: 'host:1025:2', fog: true }, more: 1 },
    )
    expect(problems.map((problem) => problem.split(':')[0]).sort()).toEqual([
      'elliptics.fog',
      'elliptics.remote',
      'more',
      'proxy.address',
      'proxy.cert_file',
      'proxy.free-space-ratio-hard',
      'proxy.frob',
      'proxy.headers.connection',
      'proxy.https_address',
      'proxy.idle-timeout',
      'proxy.key_file',
      'proxy.redirect-port',
      'proxy.redirect-token-file',
    ])
  })

  test('something else than a map', () => {
    for (const value of [undefined, null, 1, 'text', [], {}]) {
      expect(() => parseGatewayConfig(value, '/')).toThrow(/The configuration is not accepted/)
    }
  })

  test('no message shows a value, and a name cannot control a terminal', () => {
    const problems = problemsOf({
      'redirect-token': 'hush hush',
      ['\u001b[2J']: 'secret',
      'redirect-port': 'hush',
    })
    expect(problems.join()).not.toMatch(/hush|secret|\u001b/)
  })
})
