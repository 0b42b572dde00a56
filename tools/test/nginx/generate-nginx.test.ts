// The text itself, for models of every kind, some of them hostile; each is shown to a real nginx -t.
import { TemporaryDirectory } from '@backpack/test-cluster'
import { afterAll, describe, expect, test } from 'vitest'
import { checkText } from '../../src/nginx/configuration-file.js'
import { generateNginx } from '../../src/nginx/generate-nginx.js'
import { type NginxOptions, type NginxTier, nginxTiers } from '../../src/nginx/nginx-options.js'
import { nginxOptions, shardOf, snapshotOf } from './snapshots.js'

const work = new TemporaryDirectory()
afterAll(() => work.remove())

const node = (port: number, host = '127.0.0.1') => ({ host, port })
const some = [node(9001), node(9002)]

function optionsIn(options: Partial<NginxOptions> = {}): NginxOptions {
  return nginxOptions({
    listen: ['127.0.0.1:18080'],
    workDirectory: work.path,
    cacheDirectory: `${work.path}/cache`,
    ...options,
  })
}

function addressesFor(tier: NginxTier): Partial<NginxOptions> {
  if (tier === 'frontend') return { caches: some }
  if (tier === 'cache') return { resizers: some }
  return tier === 'resizer' ? { storage: some } : {}
}

describe('nginx -t finds fine, without a warning', () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [String(index), some]))
  const named = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [`shard-${index}_of-the-cluster`, some]),
  )

  test.each(nginxTiers)('the tier %s, in a work directory', async (tier) => {
    const { text } = generateNginx(snapshotOf({ 1: some }), optionsIn({ tier, ...addressesFor(tier) }))
    expect(await checkText(text)).toEqual({ verdict: 'fine', remarks: '' })
  })

  test.each<[string, ReturnType<typeof snapshotOf>]>([
    ['no shards', snapshotOf({})],
    ['a shard without nodes', snapshotOf({ 1: [] })],
    ['only one node', snapshotOf({ 1: [node(9001)] })],
    ['three shards of two', snapshotOf({ 1: some, 2: some, 3: some })],
    ['a node twice', snapshotOf({ 1: [node(9001), node(9001)] })],
    ['IPv6 addresses', snapshotOf({ 1: [node(9001, '::1'), node(9002, 'fd00::5')] })],
    [
      'ids that nginx has a meaning for',
      snapshotOf({ default: some, include: some, volatile: some, hostnames: some }),
    ],
    [
      'ids that differ in case',
      snapshotOf({ a: some, A: some, 'a-2': some, aB: some, AB: some, Ab: some, ab: some }),
    ],
    [
      'the longest ids',
      snapshotOf({ ['1'.repeat(32)]: some, ['x'.repeat(32)]: some, ['_'.repeat(32)]: some }),
    ],
    ['a thousand shards', snapshotOf(many)],
    ['hundreds of named shards', snapshotOf(named)],
  ])('a model of %s', async (_, snapshot) => {
    const { text } = generateNginx(snapshot, optionsIn())
    expect(await checkText(text)).toEqual({ verdict: 'fine', remarks: '' })
  })

  test.each<[string, Partial<NginxOptions>]>([
    [
      'names and several ports',
      { serverNames: ['a.example.com', '*.b.example.com'], listen: ['18080', '[::1]:18081'] },
    ],
    ['a path with spaces', { cacheDirectory: `${work.path}/a; b {c} 'd'` }],
    ['the smallest cache', { cacheSizeBytes: 1, cacheValidSeconds: 1 }],
    ['a huge cache', { cacheSizeBytes: 20 * 2 ** 40 }],
    ['a pid file of its own', { pidFile: `${work.path}/other.pid` }],
  ])('a cache with %s', async (_, options) => {
    const { text } = generateNginx(snapshotOf({}), optionsIn({ tier: 'cache', resizers: some, ...options }))
    expect(await checkText(text)).toEqual({ verdict: 'fine', remarks: '' })
  })
})

describe('hostile values of the model', () => {
  const injections = [
    'x; } } evil { ',
    'x\n  evil on;',
    'x"',
    'x\\',
    '$host',
    'x y',
    'unix:/tmp/evil',
    'x#',
    "x'",
    'x/../y',
    'x%',
    '-x',
    '',
    'ü',
    'a'.repeat(300),
    '::1%eth0',
    '1:2',
    '[::1]',
  ]

  test.each(injections)('a node at the host %j is left out, with a warning', async (host) => {
    const shards = new Map([['1', shardOf('1', [node(9001, host), node(9002)])]])
    const { text, warnings } = generateNginx({ shards }, optionsIn())
    expect(text).toBe(generateNginx(snapshotOf({ 1: [node(9002)] }), optionsIn()).text)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('A node of shard 1 is left out')
    expect(warnings[0]).not.toMatch(/[\u0000-\u001f]/)
  })

  test.each([0, -1, 65_536, 1.5, Number.NaN])('a node at the port %d is left out', (port) => {
    const { text } = generateNginx(snapshotOf({ 1: [node(port), node(9002)] }), optionsIn())
    expect(text).toBe(generateNginx(snapshotOf({ 1: [node(9002)] }), optionsIn()).text)
  })

  test.each([...injections, '1.2', '1:2', '~x', 'x'.repeat(33)])(
    'a shard with the id %j is left out, with a warning',
    (id) => {
      const shards = new Map([
        [id, shardOf(id, some)],
        ['1', shardOf('1', some)],
      ])
      const allowed = id === '-x'
      const { text, warnings } = generateNginx({ shards }, optionsIn())
      if (!allowed) expect(text).toBe(generateNginx(snapshotOf({ 1: some }), optionsIn()).text)
      expect(warnings).toHaveLength(allowed ? 0 : 1)
    },
  )
})

test('the same model in another order gives the same text, nodes keep theirs', () => {
  const one = generateNginx(snapshotOf({ a10: some, a9: some, B: some, b: some }), optionsIn()).text
  const shards = new Map(['b', 'a9', 'B', 'a10'].map((id) => [id, shardOf(id, some)]))
  expect(generateNginx({ shards }, optionsIn()).text).toBe(one)
  expect(one.indexOf('127.0.0.1:9001')).toBeLessThan(one.indexOf('127.0.0.1:9002'))
})

test('sizes of shards and daemons that come and go do not change the text', () => {
  const shard = { ...shardOf('1', some), capacityBytes: 5, currentBytes: 4, readOnly: true }
  const text = generateNginx({ shards: new Map([['1', shard]]) }, optionsIn()).text
  expect(text).toBe(generateNginx(snapshotOf({ 1: some }), optionsIn()).text)
})

test('the numbers of the recipe are in it', () => {
  const { text } = generateNginx(snapshotOf({ 1: some }), optionsIn())
  for (const part of [
    'upstream backpack-shard-1 {',
    'server 127.0.0.1:9001 max_fails=3 fail_timeout=5s;',
    'proxy_connect_timeout 5s;',
    'proxy_send_timeout 5s;',
    'proxy_read_timeout 10s;',
    'proxy_next_upstream error timeout http_404 http_502 http_504;',
  ]) {
    expect(text).toContain(part)
  }
})

test('with a work directory all that nginx writes is below it, without one it is where nginx has it', () => {
  const options = {
    cacheDirectory: '/edge/cache',
    imageFilterModule: undefined,
    storage: some,
    resizers: some,
    caches: some,
  }
  for (const tier of nginxTiers) {
    const { text } = generateNginx(
      snapshotOf({ 1: some }),
      nginxOptions({ ...options, tier, workDirectory: '/edge' }),
    )
    const paths = [...text.matchAll(/"(\/[^"]*)"/g)].map(([, path]) => path)
    const expected = [
      'nginx.pid',
      'error.log',
      'access.log',
      'client_body-temp',
      'proxy-temp',
      'fastcgi-temp',
    ]
    expected.push('uwsgi-temp', 'scgi-temp', ...(tier === 'cache' ? ['cache'] : []))
    expect(paths).toEqual(expected.map((name) => `/edge/${name}`))
    const without = generateNginx(snapshotOf({ 1: some }), nginxOptions({ ...options, tier })).text
    expect(without).not.toMatch(/^ *(pid|error_log|access_log|\w+_temp_path) /m)
  }
})

test('each tier waits longer than the one behind it may take for all its tries', () => {
  const read = (tier: NginxTier) => {
    const { text } = generateNginx(snapshotOf({}), optionsIn({ tier, ...addressesFor(tier) }))
    return Number(/proxy_read_timeout (\d+)s;/.exec(text)?.[1])
  }
  const { text } = generateNginx(snapshotOf({}), optionsIn())
  const tries = Number(/proxy_next_upstream_timeout (\d+)s;/.exec(text)?.[1])
  const waits = [tries + read('storage'), read('resizer'), read('cache'), read('frontend')]
  // The connection to one that is dead comes before.
  for (const [index, wait] of waits.slice(1).entries())
    expect(wait).toBeGreaterThanOrEqual((waits[index] ?? 0) + 5)
})

test('warnings say which shard has no nodes, and that there is no shard', () => {
  expect(generateNginx(snapshotOf({ 1: some, 7: [] }), optionsIn()).warnings).toEqual([
    'Shard 7 has no nodes: its photos are answered with 503',
  ])
  expect(generateNginx(snapshotOf({}), optionsIn()).warnings).toEqual([
    'The model has no shards: every photo is answered with 404',
  ])
})

test.each(['frontend', 'cache', 'resizer'] as const)(
  'the tier %s without addresses behind it throws TypeError',
  (tier) => {
    expect(() => generateNginx(snapshotOf({}), optionsIn({ tier }))).toThrow(TypeError)
  },
)
