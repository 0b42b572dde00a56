// What a daemon signed holds for that request alone, and for five minutes.
import { expect, it } from 'vitest'
import { checkDaemonSignature, Secret, signatureWindowMs, signDaemonRequest } from '../src/index.js'

const secret = new Secret('a secret of the cluster')
const nowMs = 1_790_000_000_000
const request = {
  method: 'PUT',
  target: '/a%20b.jpg',
  sizeBytes: 20,
  checksum: '0123abcd',
  version: '0123456789abcdef',
  contentType: 'image/jpeg',
}
const header = signDaemonRequest(secret, request, nowMs)

it('accepts what was signed, and says the checksum of the body', () => {
  expect(checkDaemonSignature(secret, request, { header, nowMs })).toEqual({
    valid: true,
    checksum: '0123abcd',
  })
})

it('accepts a request without a body, version or type', () => {
  const plain = {
    method: 'DELETE',
    target: '/x',
    sizeBytes: 0,
    checksum: undefined,
    version: undefined,
    contentType: undefined,
  }
  const signed = signDaemonRequest(secret, plain, nowMs)
  expect(checkDaemonSignature(secret, plain, { header: signed, nowMs })).toEqual({
    valid: true,
    checksum: undefined,
  })
})

it.each([
  ['method', 'DELETE'],
  ['target', '/a b.jpg'],
  ['sizeBytes', 21],
  ['version', '0123456789abcdee'],
  ['version', undefined],
  ['contentType', 'text/html'],
  ['contentType', undefined],
])('refuses it with another %s: %s', (part, value) => {
  const other = { ...request, [part]: value }
  expect(checkDaemonSignature(secret, other, { header, nowMs })).toEqual({ valid: false, reason: 'wrong' })
})

it('refuses another checksum, time or secret, no header, and nonsense', () => {
  const check = (text: string | undefined, key = secret) =>
    checkDaemonSignature(key, request, { header: text, nowMs })
  expect(check(header.replace('0123abcd', '0123abce'))).toEqual({ valid: false, reason: 'wrong' })
  expect(check(header.replace(String(nowMs), String(nowMs + 1)))).toEqual({ valid: false, reason: 'wrong' })
  expect(check(header, new Secret('another secret there'))).toEqual({ valid: false, reason: 'wrong' })
  expect(check(undefined)).toEqual({ valid: false, reason: 'missing' })
  expect(check('nonsense')).toEqual({ valid: false, reason: 'malformed' })
})

it('holds for five minutes, with a clock ahead or behind', () => {
  for (const [offMs, valid] of [
    [signatureWindowMs, true],
    [-signatureWindowMs, true],
    [signatureWindowMs + 1, false],
    [-signatureWindowMs - 1, false],
  ] as const) {
    expect(checkDaemonSignature(secret, request, { header, nowMs: nowMs + offMs }).valid).toBe(valid)
  }
})

it.each(['version', 'contentType'])('tells no %s from every value of it', (part) => {
  const without = { ...request, [part]: undefined }
  const signed = signDaemonRequest(secret, without, nowMs)
  for (const value of ['-', '', '=', 'undefined']) {
    const added = { ...without, [part]: value }
    const refused = { valid: false, reason: 'wrong' }
    expect(checkDaemonSignature(secret, added, { header: signed, nowMs })).toEqual(refused)
  }
})
