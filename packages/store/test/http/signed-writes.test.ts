// With a cluster secret only its holders change anything, in both lanes; whatever else comes is refused and changes nothing.
import { Secret, signDaemonRequest } from '@backpack/signing'
import fs from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { formatVersion } from '../../src/needle/blob-version.js'
import { lanes, runDaemon, type RunOptions, type RunningDaemon } from '../helpers/daemon.js'
import { headerOf, RawConnection, requestOnce, type RawResponse } from '../helpers/raw-http.js'
import { patternBytes } from './corpus-request.js'

const clusterSecret = 'the secret of this cluster'
const secret = new Secret(clusterSecret)
const minuteMs = 60_000
const large = patternBytes(2_500_000)
const version = formatVersion(BigInt(Date.now() - 10 * minuteMs) << 16n)

interface Asked {
  readonly method: string
  readonly target: string
  readonly body?: Buffer
  readonly contentType?: string
  readonly version?: string
}

/** What is signed when it is not what is sent. */
interface SignedAs extends Partial<Asked> {
  readonly sizeBytes?: number
  readonly checksum?: string | undefined
  /** How far ahead the clock of the signer is. */
  readonly aheadMs?: number
  readonly with?: string
}

const checksumOf = (body: Buffer) => crc32(body).toString(16).padStart(8, '0')

function signatureOf(asked: Asked, signedAs: SignedAs = {}): string {
  const { method, target, body, contentType, version: signedVersion } = { ...asked, ...signedAs }
  return signDaemonRequest(
    signedAs.with === undefined ? secret : new Secret(signedAs.with),
    {
      method,
      target,
      sizeBytes: signedAs.sizeBytes ?? body?.length ?? 0,
      checksum: 'checksum' in signedAs ? signedAs.checksum : body && checksumOf(body),
      version: signedVersion,
      contentType,
    },
    Date.now() + (signedAs.aheadMs ?? 0),
  )
}

function send(
  { port }: RunningDaemon,
  { method, target, body, contentType, version: sentVersion }: Asked,
  signature: string | undefined,
  ...more: string[]
): Promise<RawResponse> {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: a',
    ...(body === undefined ? [] : [`Content-Length: ${body.length}`]),
    ...(contentType === undefined ? [] : [`Content-Type: ${contentType}`]),
    ...(sentVersion === undefined ? [] : [`X-Backpack-Version: ${sentVersion}`]),
    ...(signature === undefined ? [] : [`X-Backpack-Signature: ${signature}`]),
    ...more,
  ]
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return requestOnce(port, Buffer.concat([head, body ?? Buffer.alloc(0)]))
}

const codeOf = ({ body }: RawResponse) => (JSON.parse(body.toString()) as { code: string }).code

const put: Asked = { method: 'PUT', target: '/pets/cat%20%C3%BC?x=1', body: Buffer.from('meow'), version }
const name = 'pets/cat ü?x=1'
const typed: Asked = { ...put, contentType: 'image/png' }

const refusals: {
  readonly why: string
  readonly asked?: Asked
  /** Made when it is sent: what it says of the time depends on that. */
  readonly signature?: () => string
  readonly status?: number
  readonly code: string
}[] = [
  { why: 'no signature', code: 'SIGNATURE_REQUIRED' },
  { why: 'an empty header', signature: () => '', code: 'SIGNATURE_INVALID' },
  { why: 'a malformed header', signature: () => 'let me in', code: 'SIGNATURE_INVALID' },
  {
    why: 'two signatures',
    signature: () => `${signatureOf(put)}, ${signatureOf(put)}`,
    code: 'SIGNATURE_INVALID',
  },
  {
    why: 'another secret',
    signature: () => signatureOf(put, { with: 'that of another' }),
    code: 'SIGNATURE_INVALID',
  },
  ...[
    { why: 'a signature of another method', as: { method: 'DELETE' } },
    { why: 'a signature of another target', as: { target: '/pets/dog' } },
    { why: 'a signature of the decoded target', as: { target: `/${name}` } },
    { why: 'a signature of another length', as: { sizeBytes: 5 } },
    { why: 'a signature of another version', as: { version: formatVersion(1n) } },
    { why: 'a signature of another type', as: { contentType: 'text/html' } },
    { why: 'a signature of six minutes ago', as: { aheadMs: -6 * minuteMs } },
    { why: 'a signature of in six minutes', as: { aheadMs: 6 * minuteMs } },
    { why: 'a signature without a checksum', as: { checksum: undefined } },
  ].map(({ why, as }) => ({ why, signature: () => signatureOf(put, as), code: 'SIGNATURE_INVALID' })),
  {
    why: 'a signature of the same without its version',
    asked: { method: 'PUT', target: put.target, body: Buffer.from('meow') },
    signature: () => signatureOf(put),
    code: 'SIGNATURE_INVALID',
  },
  {
    why: 'a signature of the same without its type',
    asked: typed,
    signature: () => signatureOf(put),
    code: 'SIGNATURE_INVALID',
  },
  {
    why: 'a checksum that another signature holds',
    signature: () => signatureOf(put).replace(/:[0-9a-f]{8}:/, ':00000000:'),
    code: 'SIGNATURE_INVALID',
  },
  {
    why: 'a time that another signature holds',
    signature: () => signatureOf(put, { aheadMs: -6 * minuteMs }).replace(/^\d+/, String(Date.now())),
    code: 'SIGNATURE_INVALID',
  },
  {
    why: 'a body with another checksum than the signed one',
    signature: () => signatureOf(put, { checksum: checksumOf(Buffer.from('woof')) }),
    status: 400,
    code: 'CHECKSUM_MISMATCH',
  },
]

describe.each(lanes)('in the $lane', ({ fastLane }) => {
  const run = (options: RunOptions = {}) => runDaemon({ fastLane, clusterSecret, ...options })

  test('a signed PUT is stored, and again it changes nothing', async () => {
    const daemon = await run()
    for (const asked of [put, { ...typed, target: '/typed' }]) {
      expect(await send(daemon, asked, signatureOf(asked))).toMatchObject({ status: 201 })
    }
    expect((await daemon.store.get(name))?.data.toString()).toBe('meow')
    expect((await daemon.store.head('typed'))?.contentType).toBe('image/png')
    const again = await send(daemon, put, signatureOf(put))
    expect(again.status).toBe(204)
    expect(headerOf(again, 'ETag')).toBe(`"${version}-${checksumOf(Buffer.from('meow'))}"`)
  })

  test.each(refusals)('a PUT with $why is refused, and nothing is stored', async (refusal) => {
    const { asked = put, signature, status = 403, code } = refusal
    const daemon = await run()
    const answer = await send(daemon, asked, signature?.())
    expect({ status: answer.status, code: codeOf(answer) }).toEqual({ status, code })
    expect(await daemon.store.head(name)).toBeUndefined()
    expect((await daemon.store.stats()).puts.count).toBe(0)
  })

  test('a large body is stored when its checksum is the signed one, else nothing stays of it', async () => {
    const daemon = await run()
    const asked = { method: 'PUT', target: '/large', body: large, version }
    const other = Buffer.from(large)
    other[2_000_000]! ^= 1
    const refused = await send(daemon, { ...asked, body: other }, signatureOf(asked))
    expect({ status: refused.status, code: codeOf(refused) }).toEqual({
      status: 400,
      code: 'CHECKSUM_MISMATCH',
    })
    expect(await daemon.store.head('large')).toBeUndefined()
    expect(fs.readdirSync(join(daemon.path, 'incoming'))).toEqual([])
    expect((await send(daemon, asked, signatureOf(asked))).status).toBe(201)
    expect((await daemon.store.get('large'))?.data.equals(large)).toBe(true)
  })

  test('a DELETE is signed as a PUT is; unsigned or signed for another name it deletes nothing', async () => {
    const daemon = await run()
    await daemon.store.put('a', Buffer.from('a'))
    const asked = { method: 'DELETE', target: '/a' }
    expect(codeOf(await send(daemon, asked, undefined))).toBe('SIGNATURE_REQUIRED')
    expect(codeOf(await send(daemon, asked, signatureOf({ ...asked, target: '/b' })))).toBe(
      'SIGNATURE_INVALID',
    )
    expect(codeOf(await send(daemon, asked, signatureOf({ ...asked, method: 'GET' })))).toBe(
      'SIGNATURE_INVALID',
    )
    const versioned = { ...asked, version: formatVersion(BigInt(Date.now()) << 16n) }
    expect(codeOf(await send(daemon, versioned, signatureOf(asked)))).toBe('SIGNATURE_INVALID')
    expect(await daemon.store.head('a')).toBeDefined()
    expect((await send(daemon, versioned, signatureOf(versioned))).status).toBe(204)
    expect(await daemon.store.head('a')).toBeUndefined()
  })

  test.each(['POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS'])(
    'a %s below /-/ needs a signature too, whatever there is',
    async (method) => {
      const daemon = await run()
      for (const target of ['/-/stats', '/-/nothing', '/stats', '/-/digest?before=1']) {
        const asked = { method, target, body: Buffer.from('x'), version }
        expect((await send(daemon, asked, undefined)).status).toBe(403)
        const signed = await send(daemon, asked, signatureOf(asked))
        expect(['NAME_RESERVED', 'METHOD_NOT_ALLOWED']).toContain(codeOf(signed))
      }
    },
  )

  test('a signed write without a version is refused: sent again, it could bring back what was deleted', async () => {
    const daemon = await run()
    await daemon.store.put('a', Buffer.from('a'))
    for (const asked of [
      { method: 'PUT', target: '/b', body: Buffer.from('meow') },
      { method: 'DELETE', target: '/a' },
    ]) {
      const answer = await send(daemon, asked, signatureOf(asked))
      expect({ status: answer.status, code: codeOf(answer) }).toEqual({
        status: 400,
        code: 'VERSION_REQUIRED',
      })
    }
    expect(await daemon.store.head('a')).toBeDefined()
    expect(await daemon.store.head('b')).toBeUndefined()
  })

  test('a type that is added to a signed PUT is found out, also one that stands for none', async () => {
    const daemon = await run()
    const answer = await send(daemon, put, signatureOf(put), 'Content-Type: -')
    expect({ status: answer.status, code: codeOf(answer) }).toEqual({
      status: 403,
      code: 'SIGNATURE_INVALID',
    })
    expect(await daemon.store.head(name)).toBeUndefined()
  })

  test('a signed body in chunks is refused: nobody signed for its end', async () => {
    const daemon = await run()
    const asked = { method: 'DELETE', target: '/a' }
    const answer = await send(daemon, asked, signatureOf(asked), 'Transfer-Encoding: chunked')
    expect(codeOf(answer)).toBe('SIGNATURE_INVALID')
  })

  test('who waits to be asked for his body is refused without being asked', async () => {
    const { port } = await run()
    const connection = await RawConnection.open(port)
    connection.write('PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\nExpect: 100-continue\r\n\r\n')
    expect((await connection.read())?.status).toBe(403)
    connection.close()
  })

  test('reads need no signature, and a signature does not hurt them', async () => {
    const daemon = await run()
    await daemon.store.put('a', Buffer.from('a'))
    const asked = { method: 'GET', target: '/a' }
    for (const signature of [undefined, signatureOf(asked), 'nonsense']) {
      expect(await send(daemon, asked, signature)).toMatchObject({ status: 200, body: Buffer.from('a') })
    }
  })

  test('without a secret a signature is not looked at', async () => {
    const daemon = await runDaemon({ fastLane })
    expect((await send(daemon, put, 'nonsense')).status).toBe(201)
  })
})

test('a secret that is too short is refused, and not shown', async () => {
  const refused = runDaemon({ clusterSecret: 'short' })
  await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  await expect(refused).rejects.not.toThrow('short"')
})
