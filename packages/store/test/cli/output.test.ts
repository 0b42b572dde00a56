import { expect, test } from 'vitest'
import { blobAddress, rawAddress, showAddress } from '../../src/cli/blob-address.js'
import { markDashes, unmarkDashes } from '../../src/cli/dash-arguments.js'
import { redisAddressArgument } from '../../src/cli/key-map-options.js'
import { countOf, formatBytes, formatTable, showName, toJson } from '../../src/cli/output.js'
import { fromArgumentsOf2013 } from '../../src/cli/serve-2013.js'

test('sizes and counts are written for people', () => {
  expect([0, 1023, 1024, 1.5 * 2 ** 30, 3500 * 2 ** 20].map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1 KB',
    '1.5 GB',
    '3.4 GB',
  ])
  expect([countOf(1, 'blob'), countOf(0, 'blob'), countOf(1234567, 'blob')]).toEqual([
    '1 blob',
    '0 blobs',
    '1,234,567 blobs',
  ])
})

test('a name that would control the terminal is shown escaped', () => {
  expect(showName('a\u009b31mb\u202egpj.exe')).toBe('a\\u009b31mb\\u202egpj.exe')
  expect(showName('ünï 😀.png')).toBe('ünï 😀.png')
})

test('JSON takes versions, which are bigints', () => {
  expect(toJson({ version: 2n ** 63n })).toBe('{"version":"9223372036854775808"}')
})

test('tables are aligned', () => {
  expect(
    formatTable(
      ['>id', 'state'],
      [
        ['1', 'full'],
        ['200', 'has room'],
      ],
    ),
  ).toEqual([' id  state', '  1  full', '200  has room'])
})

test('a name keeps its slashes in an address and nothing else; a 2013 target stays raw', () => {
  const base = new URL('http://[::1]:80/photos')
  expect(showAddress(blobAddress(base, 'a/../b?c=%2F d'))).toBe('http://[::1]/photos/a/../b%3Fc%3D%252F%20d')
  expect(showAddress(rawAddress(new URL('http://h:1'), 'a%20b?c=d e'))).toBe('http://h:1/a%20b?c=d%20e')
})

test.each([
  { args: ['d', 'h', '1'], gives: ['serve', 'd', '--host', 'h', '--port', '1'] },
  {
    args: ['d', '::1', '1', 'r', '2', '--durability', 'os'],
    gives: ['serve', 'd', '--host', '::1', '--port', '1', '--redis', 'r:2', '--durability', 'os'],
  },
  {
    args: ['d', 'h', '1', '::2'],
    gives: ['serve', 'd', '--host', 'h', '--port', '1', '--redis', '[::2]:6379'],
  },
  { args: ['list', 'a', 'b'], gives: ['list', 'a', 'b'] },
  { args: ['d', 'h'], gives: ['d', 'h'] },
  { args: ['1', '2', '3', '4', '5', '6'], gives: ['1', '2', '3', '4', '5', '6'] },
  { args: ['--help'], gives: ['--help'] },
  { args: [], gives: [] },
])('$args is read as $gives', ({ args, gives }) => {
  expect(fromArgumentsOf2013(args, ['serve', 'list'])).toEqual(gives)
})

test.each([
  ['127.0.0.1:6380', { host: '127.0.0.1', port: 6380 }],
  ['redis.example', { host: 'redis.example', port: 6379 }],
  ['[::1]:6380', { host: '::1', port: 6380 }],
])('%s is a Redis address', (text, address) => {
  expect(redisAddressArgument.parse(text)).toEqual(address)
})

test.each(['', ':6379', 'a:b', 'h:0', 'h:65536', 'a:1:2', 'redis://h:1'])(
  '%j is no Redis address',
  (text) => {
    expect(redisAddressArgument.safeParse(text).success).toBe(false)
  },
)

test('dashes that are no options survive the trip through yargs', () => {
  const marked = markDashes(['get', '--output', '-', '--', '-x', 'y', '--'])
  expect(marked.filter((each) => each.startsWith('-'))).toEqual(['--output'])
  expect(unmarkDashes({ all: marked, n: 1 })).toEqual({
    all: ['get', '--output', '-', '-x', 'y', '--'],
    n: 1,
  })
})
