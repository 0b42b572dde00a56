import { describe, expect, test } from 'vitest'
import { addressListSchema, parseServerUrl, showAddress, urlOf } from '../../src/schema/addresses.js'
import { formatSize } from '../../src/schema/format-size.js'

describe('parseServerUrl', () => {
  test.each([
    ['http://one:10001', { host: 'one', port: 10_001 }],
    ['http://one:10001/', { host: 'one', port: 10_001 }],
    ['HTTP://One.Local:1', { host: 'one.local', port: 1 }],
    ['http://127.0.0.1:10001', { host: '127.0.0.1', port: 10_001 }],
    ['http://[::1]:10001', { host: '::1', port: 10_001 }],
    ['http://[2001:DB8::7]:65535/', { host: '2001:db8::7', port: 65_535 }],
    ['http://one', { host: 'one', port: 80 }],
    ['http://photo_1:80', { host: 'photo_1', port: 80 }],
  ])('%s is understood', (text, address) => {
    expect(parseServerUrl(text)).toEqual(address)
  })

  test.each([
    'one:10001',
    'https://one:10001',
    'http://one:0',
    'http://one:65536',
    'http://one:10001/photos',
    'http://one:10001/?x',
    'http://one:10001/#x',
    'http://user:secret@one:10001',
    'http://:10001',
    'http://',
    '',
    'ftp://one:1',
  ])('%s is refused', (text) => {
    expect(parseServerUrl(text)).toBeUndefined()
  })

  test.each(['http://one:10001', 'http://[::1]:10001', 'http://10.0.0.5:80'])('%s comes back', (url) => {
    expect(urlOf(parseServerUrl(url) ?? { host: '', port: 0 })).toBe(url)
  })
})

describe('a list of addresses', () => {
  test('may have names, IPv4 and IPv6', () => {
    const addresses = addressListSchema.parse('one:13001, 10.0.0.2:13002,[::1]:13003')
    expect(addresses.map(showAddress)).toEqual(['one:13001', '10.0.0.2:13002', '[::1]:13003'])
  })

  test.each([
    '',
    'one',
    'one:',
    ':1',
    'one:0',
    'one:65536',
    'one:1,',
    'one:1,,two:2',
    '::1:5',
    'http://one:1',
  ])('%j is refused', (text) => {
    expect(addressListSchema.safeParse(text).success).toBe(false)
  })
})

test.each([
  [0, '0b'],
  [1023, '1023b'],
  [1024, '1kb'],
  [1_234_567, '1.18mb'],
  [100 * 2 ** 30, '100gb'],
  [1.5 * 2 ** 40, '1.5tb'],
  [2048 * 2 ** 40, '2048tb'],
])('%d bytes are shown as %s', (sizeBytes, text) => {
  expect(formatSize(sizeBytes)).toBe(text)
})
