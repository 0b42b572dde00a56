// Targets of the gateway: decoded once, and their query read as the standard says.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { handlerOf, parseGatewayTarget, shardAndKey } from '../../src/gateway/gateway-request.js'
import { thrownBy } from '../helpers/thrown.js'

describe('a target', () => {
  it.each([
    ['/get/b1/a/b%20c', 'get', 'b1', 'a/b c'],
    ['/get/b1/%2525', 'get', 'b1', '%25'],
    ['/get/b1/a%2Fb', 'get', 'b1', 'a/b'],
    ['/get/b1//a//b', 'get', 'b1', '/a//b'],
    ['/get/b1/..%2fa', 'get', 'b1', '../a'],
    ['/upload/b1/%C3%A9%3F?x=1', 'upload', 'b1', 'é?'],
  ])('%s is of %s, bucket %s, key %s', (target, handler, shardId, key) => {
    const parsed = parseGatewayTarget(target)
    expect([handlerOf(target), parsed.handler]).toEqual([handler, handler])
    expect(shardAndKey(parsed)).toEqual({ shardId, key })
  })

  it.each([
    'http://x/get/1/a',
    '*',
    '',
    '/get/1/%',
    '/get/1/%zz',
    '/get/1/%C0%AF',
    '/get/1/%00',
    '/get/1/a%0Ab',
  ])('%s is refused', async (target) => {
    const error = await thrownBy(async () => parseGatewayTarget(target))
    expect(error.code).toBe('REQUEST_INVALID')
  })

  it.each(['/get', '/get/', '/get/1', '/get/1/', '/get//a'])('%s has no bucket and key', async (target) => {
    const error = await thrownBy(async () => shardAndKey(parseGatewayTarget(target)))
    expect(error.code).toBe('REQUEST_INVALID')
  })

  it('has a query that is read as URLSearchParams reads it', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '=', '&', '%', '+', '?', '4', '1', '/', '~') })
    fc.assert(
      fc.property(text, (query) => {
        expect(parseGatewayTarget(`/get/1/a?${query}`).query).toEqual([...new URLSearchParams(query)])
      }),
    )
  })

  it('has none without a question mark', () => {
    expect(parseGatewayTarget('/get/1/a').query).toBeUndefined()
    expect(parseGatewayTarget('/get/1/a?').query).toEqual([])
  })
})
