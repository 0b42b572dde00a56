// What the client is given is checked before anything is signed or sent: nothing listens where these clients look.
import { isSignatureOf, Secret, signedText } from '@backpack/signing'
import { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { GatewayClient } from '../../src/client/gateway-client.js'
import { signLink } from '../../src/client/sign-link.js'

const token = 'the token of u'

function makeClient(options: { validSeconds?: number } = {}): GatewayClient {
  const client = new GatewayClient({ url: 'http://127.0.0.1:1', user: 'u', token, ...options })
  onTestFinished(() => client.close())
  return client
}

/** As of JavaScript, where no compiler looks. */
const sign = (options: object) => makeClient().sign({ bucket: '1', key: 'a', validSeconds: 60, ...options })

const impossibleBuckets = ['1/2', '', '.', '..', 'a b', '1?x=', '%31', 'x'.repeat(33), 1]
const impossibleKeys: [unknown, string | undefined][] = [
  ['', 'NAME_INVALID'],
  ['a\nb', 'NAME_INVALID'],
  ['\u0000', 'NAME_INVALID'],
  ['\ud800', 'NAME_INVALID'],
  ['x'.repeat(1025), 'NAME_TOO_LONG'],
  ['stats', 'NAME_RESERVED'],
  ['-/live', 'NAME_RESERVED'],
  [5, undefined],
]

describe('a link', () => {
  test.each([1.5, Number.NaN, 0, -1, Infinity, Number.MAX_SAFE_INTEGER, 999_999_999_999, '60', undefined])(
    'is not made for %s seconds',
    (validSeconds) => {
      expect(() => sign({ validSeconds })).toThrow(TypeError)
      expect(() => sign({ validSeconds })).toThrow(/^validSeconds: /)
    },
  )

  test('is made for one second, and for as long as the gateway can read', () => {
    const most = 999_999_999_999 - Math.floor(Date.now() / 1000) - 10
    for (const validSeconds of [1, most]) expect(sign({ validSeconds })).toMatch(/\?expires=\d{10,12}&/)
  })

  test.each(['DELETE', 'get', 'HEAD', '', 5, null])('is not made for the method %s', (method) => {
    expect(() => sign({ method })).toThrow(/^method: must be GET, .* PUT or POST$/)
  })

  test.each(impossibleBuckets)('is not made for the bucket %j', (bucket) => {
    for (const method of ['GET', 'PUT']) expect(() => sign({ method, bucket })).toThrow(/^bucket: /)
  })

  test.each(impossibleKeys)('is not made for the key %j', (key, code) => {
    for (const options of [{ key }, { key, method: 'PUT' }, { key, method: 'POST', bucket: undefined }]) {
      expect(() => sign(options)).toThrow(code === undefined ? /^key: / : expect.objectContaining({ code }))
    }
  })

  test('tells every problem at once, and a name that it does not know', () => {
    expect(() => sign({ method: 'x', bucket: '1/2', validSeconds: 0.5, for: 1 })).toThrow(
      /method: .*bucket: .*validSeconds: .*for/,
    )
  })
})

describe('a request', () => {
  const requests = (
    bucket: unknown,
    key: unknown,
  ): [string, (client: GatewayClient) => Promise<unknown>][] => [
    ['upload', (client) => client.upload(key as string, Buffer.from('a'), { bucket: bucket as string })],
    ['get', (client) => client.get(bucket as string, key as string)],
    ['delete', (client) => client.delete(bucket as string, key as string)],
  ]

  test.each(impossibleBuckets)('for the bucket %j is not sent', async (bucket) => {
    for (const [, ask] of requests(bucket, 'a')) {
      await expect(ask(makeClient())).rejects.toThrow(/^bucket: /)
      await expect(ask(makeClient())).rejects.toBeInstanceOf(TypeError)
    }
  })

  test.each(impossibleKeys)('for the key %j is not sent', async (key, code) => {
    for (const [name, ask] of requests('1', key)) {
      const says = code === undefined ? { message: 'key: must be a text' } : { code }
      await expect(ask(makeClient()), name).rejects.toMatchObject(says)
    }
  })

  test.each(['text', 5, null, undefined, new ArrayBuffer(1), ['a'], {}])(
    'of a body that is none, %s, says what one is',
    async (body) => {
      for (const options of [{}, { sizeBytes: 4 }]) {
        const upload = makeClient().upload('a', body as Buffer, options)
        await expect(upload).rejects.toThrow(/^body: must be a Uint8Array, such as a Buffer, or a Readable/)
      }
    },
  )

  test.each([1.5, -1, Number.NaN, '4'])('of a stream of %s bytes is not sent', async (sizeBytes) => {
    const upload = makeClient().upload('a', Readable.from(['a']), { sizeBytes: sizeBytes as number })
    await expect(upload).rejects.toThrow(/^sizeBytes: /)
  })

  test('with a content type or range that is no header is a mistake, not a gateway that is away', async () => {
    const client = makeClient()
    await expect(client.upload('a', Buffer.from('a'), { contentType: 'a\nb' })).rejects.toThrow(TypeError)
    await expect(client.get('1', 'a', { range: 'a\nb' })).rejects.toThrow(TypeError)
  })

  test.each([1.5, Number.NaN, 0, -1])('cannot be signed for %s seconds', (validSeconds) => {
    expect(() => makeClient({ validSeconds })).toThrow(/^validSeconds: /)
  })
})

describe('signLink()', () => {
  const common = { method: 'GET', path: '/get/1/a', user: 'u', expiresAtSeconds: 1_700_000_000, token }

  test.each([1.5, Number.NaN, -1, 1_000_000_000_000, Infinity])(
    'refuses %s as an end',
    (expiresAtSeconds) => {
      expect(() => signLink({ ...common, expiresAtSeconds })).toThrow(/^expiresAtSeconds: /)
    },
  )

  test.each(['DELETE', 'get', ''])('refuses the method %j', (method) => {
    expect(() => signLink({ ...common, method })).toThrow(/^method: /)
  })

  test.each([
    ['/get/1/stats', 'NAME_RESERVED'],
    ['/upload/1/stats', 'NAME_RESERVED'],
    ['/nobucket_upload/stats', 'NAME_RESERVED'],
    ['/redirect/1/-/x', 'NAME_RESERVED'],
    ['/delete/1/', 'NAME_INVALID'],
    ['/lookup/1/a\nb', 'NAME_INVALID'],
    [`/get/1/${'x'.repeat(1025)}`, 'NAME_TOO_LONG'],
    ['/get/1', 'NAME_INVALID'],
    ['/get/a b/c', 'NAME_INVALID'],
    ['/a\nb', 'NAME_INVALID'],
  ])('refuses %j', (path, code) => {
    expect(() => signLink({ ...common, path })).toThrow(expect.objectContaining({ code }))
  })

  test.each(['/stats', '/stat/', '/proxy_stat/', '/get/1/a/stats', '/get/1/statsx', '/bulk_delete/1', '/'])(
    "signs %s, where no name is the stores' own",
    (path) => {
      const query = [...new URL(signLink({ ...common, path }), 'http://base').searchParams]
      const signature = query.find(([name]) => name === 'signature')?.[1] ?? ''
      expect(isSignatureOf(new Secret(token), signedText({ method: 'GET', path, query }), signature)).toBe(
        true,
      )
    },
  )
})
