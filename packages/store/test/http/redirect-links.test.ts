// Links of the gateway, in both lanes: good for one name until their time is over, also where nothing else can be read.
import { Secret, signDaemonRequest, signedText, signText } from '@backpack/signing'
import { describe, expect, test } from 'vitest'
import { lanes, runDaemon, type RunOptions } from '../helpers/daemon.js'
import { headerOf, requestOnce } from '../helpers/raw-http.js'
import { request } from './corpus-request.js'

const redirectToken = 'the token of redirects'
const clusterSecret = 'the secret of this cluster'
const token = new Secret(redirectToken)
const name = 'pets/cat ü?x=1'
const target = '/pets/cat%20%C3%BC%3Fx%3D1'
const nowSeconds = () => Math.floor(Date.now() / 1000)

function linkTo(
  linked: string,
  { expires = nowSeconds() + 60, signedName = name, method = 'GET', with: by = token } = {},
): string {
  const query: [string, string][] = [['expires', String(expires)]]
  const signature = signText(by, signedText({ method, path: `/${signedName}`, query }))
  return `${linked}?expires=${expires}&signature=${signature}`
}

function headersFor(
  path: string,
  { signedAt = nowSeconds(), timeout = 60, more = ['X-Ell-File: x'], by = token } = {},
): string[] {
  const sent = [`X-Ell-Signtime: ${signedAt}`, `X-Ell-Signature-Timeout: ${timeout}`, ...more]
  const headers = sent.map((line) => line.split(': ') as [string, string])
  return [...sent, `Authorization: ${signText(by, signedText({ method: 'GET', path, headers }))}`]
}

describe.each(lanes)('in the $lane', ({ fastLane }) => {
  async function run(options: RunOptions = {}) {
    const daemon = await runDaemon({ fastLane, redirectToken, ...options })
    await daemon.store.put(name, Buffer.from('meow'))
    await daemon.store.put('pets/cat ü', Buffer.from('without what looks like a query'))
    const ask = async (method: string, asked: string, ...headers: string[]) => {
      const answer = await requestOnce(daemon.port, request(method, asked, ...headers), {
        head: method === 'HEAD',
      })
      const json = headerOf(answer, 'Content-Type')?.startsWith('application/json') === true
      const text = answer.body.toString()
      const said: unknown = method === 'HEAD' || !json ? text : JSON.parse(text)
      return { ...answer, said: said as string & { code?: string } }
    }
    return { ...daemon, ask }
  }

  test('a link that meets a store without a token is told what is missing', async () => {
    const { port } = await runDaemon({ fastLane })
    const told = async (asked: string) => (await requestOnce(port, request('GET', asked))).body.toString()
    expect(await told(linkTo(target))).toMatch(/NOT_FOUND/)
    expect(await told(linkTo(target))).toMatch(/--redirect-token-file/)
    expect(await told('/none')).not.toMatch(/--redirect-token-file/)
  })

  describe.each([{ refuseUnsignedReads: false }, { refuseUnsignedReads: true }])(
    'with $refuseUnsignedReads',
    (options) => {
      test('a link gives its blob, whole, in part and to HEAD', async () => {
        const { ask } = await run(options)
        expect(await ask('GET', linkTo(target))).toMatchObject({ status: 200, said: 'meow' })
        expect(await ask('GET', linkTo(target), 'Range: bytes=1-2')).toMatchObject({
          status: 206,
          said: 'eo',
        })
        const head = await ask('HEAD', linkTo(target))
        expect(head.status).toBe(200)
        expect(headerOf(head, 'Content-Length')).toBe('4')
      })

      test.each([
        { why: 'that is over', link: linkTo(target, { expires: nowSeconds() - 2 }), code: 'LINK_EXPIRED' },
        { why: 'of another name', link: linkTo(target, { signedName: 'other' }), code: 'LINK_INVALID' },
        { why: 'of another token', link: linkTo(target, { with: new Secret('x') }), code: 'LINK_INVALID' },
        { why: 'signed for HEAD', link: linkTo(target, { method: 'HEAD' }), code: 'LINK_INVALID' },
        {
          why: 'with a later end than the signed one',
          link: linkTo(target).replace(/expires=\d+/, 'expires=99999999999'),
          code: 'LINK_INVALID',
        },
        {
          why: 'that is over and wrong',
          link: `${target}?expires=1&signature=${'0'.repeat(128)}`,
          code: 'LINK_INVALID',
        },
      ])('a link $why is refused, to HEAD as well', async ({ link, code }) => {
        const { ask } = await run(options)
        expect(await ask('GET', link)).toMatchObject({ status: 403, said: { code } })
        expect((await ask('HEAD', link)).status).toBe(403)
      })

      test('a link that is not quite one is a name like any other', async () => {
        const { ask } = await run(options)
        const link = linkTo(target)
        const unlinked = options.refuseUnsignedReads ? 403 : 404
        for (const other of [
          `${link}0`,
          link.replace('expires', 'Expires'),
          `${link}&x=1`,
          link.toUpperCase(),
        ]) {
          expect((await ask('GET', other)).status).toBe(unlinked)
        }
      })

      test("the original's headers are good for their path and their time", async () => {
        const { ask } = await run(options)
        expect(await ask('GET', target, ...headersFor(`/${name}`))).toMatchObject({
          status: 200,
          said: 'meow',
        })
        expect((await ask('HEAD', target, ...headersFor(`/${name}`))).status).toBe(200)
        const expired = { said: { code: 'LINK_EXPIRED' }, status: 403 }
        const over = headersFor(`/${name}`, { signedAt: nowSeconds() - 100 })
        expect(await ask('GET', target, ...over)).toMatchObject(expired)
        const wrong = { said: { code: 'LINK_INVALID' }, status: 403 }
        expect(await ask('GET', target, ...headersFor('/other'))).toMatchObject(wrong)
        expect(await ask('GET', target, ...headersFor(`/${name}`), 'X-Ell-More: 1')).toMatchObject(wrong)
        const later = headersFor(`/${name}`).map((line) => line.replace(/(Timeout: ).*/, '$19999999'))
        expect(await ask('GET', target, ...later)).toMatchObject(wrong)
      })
    },
  )

  test('reads without a signature are refused when they are to be, and those with one served', async () => {
    const { ask, url } = await run({ refuseUnsignedReads: true, clusterSecret })
    const signature = (asked: string, method = 'GET') =>
      signDaemonRequest(new Secret(clusterSecret), {
        ...{ method, target: asked, sizeBytes: 0 },
        ...{ checksum: undefined, version: undefined, contentType: undefined },
      })
    const signed = (asked: string, method?: string) => `X-Backpack-Signature: ${signature(asked, method)}`
    const required = { status: 403, said: { code: 'SIGNATURE_REQUIRED' } }
    for (const closed of [
      target,
      '/nothing',
      '/-/digest?before=1',
      '/-/digest/0-0?before=1',
      '/-/%64igest?before=1',
    ]) {
      expect(await ask('GET', closed)).toMatchObject(required)
      expect((await ask('HEAD', closed)).status).toBe(403)
      expect((await ask('GET', closed, signed(closed))).status).not.toBe(403)
    }
    expect(await ask('GET', target, signed(target))).toMatchObject({ status: 200, said: 'meow' })
    expect((await ask('HEAD', target, signed(target, 'HEAD'))).status).toBe(200)
    expect(await ask('GET', target, signed('/other'))).toMatchObject({ said: { code: 'SIGNATURE_INVALID' } })
    for (const open of ['/stats', '/-/live', '/-/ready', '/-/stats', '/-/metrics', '/stats?x=1']) {
      expect((await fetch(url + open.slice(1))).status).toBe(200)
    }
  })

  test('a link opens no digest, and is no signature of a write', async () => {
    const { ask } = await run({ refuseUnsignedReads: true, clusterSecret })
    const digest = linkTo('/-/digest', { signedName: '-/digest' })
    expect(await ask('GET', digest)).toMatchObject({ said: { code: 'SIGNATURE_REQUIRED' } })
    expect(await ask('DELETE', linkTo(target, { method: 'DELETE' }))).toMatchObject({
      said: { code: 'SIGNATURE_REQUIRED' },
    })
  })

  test('without a token what looks like a link is a name', async () => {
    const daemon = await runDaemon({ fastLane })
    const link = linkTo(target)
    await daemon.store.put(decodeURIComponent(link.slice(1)), Buffer.from('odd'))
    expect(await requestOnce(daemon.port, request('GET', link))).toMatchObject({ body: Buffer.from('odd') })
  })
})

test('reads cannot be refused when nobody could sign for them', async () => {
  const refused = runDaemon({ refuseUnsignedReads: true })
  await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
})
