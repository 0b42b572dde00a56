import { Secret, signedText, signText } from '@backpack/signing'
import { describe, expect, it } from 'vitest'
import { redirectHeaders } from '../../../src/gateway/read/redirect-link.js'

const token = new Secret('a redirect token of many letters')
const order = {
  node: { host: 'one', port: 10_004 },
  redirectPort: 8080,
  name: 'a b/c?d=ü',
  blob: { sizeBytes: 42, lastModified: 'Tue, 14 Nov 2023 22:13:20 GMT' },
  token,
  replyHeaders: [],
  nowSeconds: 1_700_000_100,
  validSeconds: 60,
} as const

describe('a redirect', () => {
  it('names the blob on the node, signed until it expires', () => {
    const signature = signText(token, 'GET\n/a b/c?d=ü?expires=1700000160\n')
    expect(redirectHeaders(order)['Location']).toBe(
      `http://one:8080/a%20b/c%3Fd%3D%C3%BC?expires=1700000160&signature=${signature}`,
    )
  })
  it('has the headers of Backrunner, signed', () => {
    const { Location, Authorization, ...headers } = redirectHeaders(order)
    expect(Location).toBeDefined()
    expect(headers).toEqual({
      'X-Ell-Mtime': '1700000000',
      'X-Ell-Signtime': '1700000100',
      'X-Ell-Signature-Timeout': '60',
      'X-Ell-File-Offset': '0',
      'X-Ell-Total-Size': '42',
      'X-Ell-File': '/a%20b/c%3Fd%3D%C3%BC',
      'Cache-Control': 'no-store',
    })
    const text =
      'GET\n/a b/c?d=ü\nx-ell-file:/a%20b/c%3Fd%3D%C3%BC\nx-ell-file-offset:0\nx-ell-mtime:1700000000\n' +
      'x-ell-signature-timeout:60\nx-ell-signtime:1700000100\nx-ell-total-size:42\n'
    expect(signedText({ method: 'GET', path: '/a b/c?d=ü', headers: Object.entries(headers) })).toBe(text)
    expect(Authorization).toBe(signText(token, text))
  })
  it('signs the X-Ell- headers that are on every reply, and its own where both have a name', () => {
    const replyHeaders = [
      ['X-Other', 'no'],
      ['x-ELL-b', 'ours'],
      ['X-Ell-Mtime', '1'],
    ] as const
    const { Authorization, 'X-Ell-Mtime': mtime } = redirectHeaders({ ...order, replyHeaders })
    const text =
      'GET\n/a b/c?d=ü\nx-ell-b:ours\nx-ell-file:/a%20b/c%3Fd%3D%C3%BC\nx-ell-file-offset:0\nx-ell-mtime:1700000000\n' +
      'x-ell-signature-timeout:60\nx-ell-signtime:1700000100\nx-ell-total-size:42\n'
    expect([mtime, Authorization]).toEqual(['1700000000', signText(token, text)])
  })
  it('goes to the port of the node when it is told to', () => {
    const node = { host: '2001:db8::1', port: 10_004 }
    const { Location } = redirectHeaders({ ...order, node, redirectPort: 'node' })
    expect(Location).toMatch(/^http:\/\/\[2001:db8::1\]:10004\/a%20b\//)
  })
  it('shows the token nowhere', () => {
    expect(JSON.stringify(redirectHeaders(order))).not.toContain(token.reveal())
  })
})
