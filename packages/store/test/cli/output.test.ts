import { expect, test } from 'vitest'
import { blobAddress, rawAddress, showAddress } from '../../src/client/blob-address.js'
import { redisAddressArgument } from '../../src/cli/key-map-options.js'
import { fromArgumentsOf2013 } from '../../src/cli/serve-2013.js'

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
