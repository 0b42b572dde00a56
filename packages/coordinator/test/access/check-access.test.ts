// The rules of an ACL, one line each: who, with which flags, wants what.
import { type AclEntry, codeOf } from '@backpack/cluster-model'
import { Secret, signedText, signText } from '@backpack/signing'
import { describe, expect, it } from 'vitest'
import { checkAccess, mayAccess, type Right } from '../../src/access/check-access.js'
import { readCredentials, type RequestTarget } from '../../src/access/read-credentials.js'

const nowMs = 1_800_000_000_000
const nowSeconds = nowMs / 1000
const token = 'the token of mary'

function aclOf(entries: Readonly<Record<string, number>>) {
  const users = Object.entries(entries).map(([user, flags]): [string, AclEntry] => {
    return [user, { user, token: new Secret(`the token of ${user}`), flags }]
  })
  return { users: new Map(users) }
}

interface Asked {
  readonly method?: string
  readonly path?: string
  readonly query?: RequestTarget['query']
  readonly opaque?: boolean
  readonly authorization?: string
  readonly headers?: readonly string[]
}

function credentialsOf({
  method = 'GET',
  path = '/get/1/a b',
  query,
  opaque,
  authorization,
  headers = [],
}: Asked) {
  const rawHeaders = [...headers, ...(authorization === undefined ? [] : ['Authorization', authorization])]
  const byName: Record<string, string> = {}
  for (let at = 0; at < rawHeaders.length; at += 2) {
    byName[rawHeaders[at]!.toLowerCase()] ??= rawHeaders[at + 1]!
  }
  return readCredentials(
    { method, headers: byName, rawHeaders: [...rawHeaders] },
    { path, query, opaque: opaque === true },
  )
}

function may(access: Parameters<typeof mayAccess>[0], asked: Asked, right: Right = 'read') {
  return mayAccess(access, { credentials: credentialsOf(asked), right, nowMs })
}

const signature = (text: string, key = token) => signText(new Secret(key), text)
const signedGet = `any mary:${signature('GET\n/get/1/a b\n')}`

describe('flags', () => {
  it.each([
    [0, 'read', true],
    [1, 'read', true],
    [2, 'read', true],
    [0, 'write', false],
    [1, 'write', false],
    [2, 'write', true],
    [3, 'write', true],
    [4, 'write', false],
    [3, 'admin', false],
    [4, 'admin', true],
    [7, 'admin', true],
  ] as const)('a signed request of a user with flags %i may %s: %s', (flags, right, allowed) => {
    expect(may(aclOf({ mary: flags }), { authorization: signedGet }, right)).toBe(allowed)
  })

  it.each([
    [0, 'read', false],
    [1, 'read', true],
    [2, 'read', false],
    [1, 'write', false],
    [2, 'write', false],
    [3, 'write', true],
    [5, 'admin', true],
  ] as const)('anybody with flags %i may %s without a signature: %s', (flags, right, allowed) => {
    expect(may(aclOf({ '*': flags }), {}, right)).toBe(allowed)
  })

  it('a user who needs no signature may have a wrong one', () => {
    expect(may(aclOf({ mary: 1 }), { authorization: 'any mary:00' })).toBe(true)
  })
})

describe('who it is', () => {
  const acl = aclOf({ '*': 1, mary: 2, 'a:b': 2, Zoë: 2 })

  it.each([
    ['no header', undefined],
    ['only a scheme', 'Basic'],
    ['no signature', 'any mary'],
    ['no hex', 'any mary:xyz'],
    ['an empty signature', 'any mary:'],
    ['no user', 'any :00'],
    ['nothing but spaces', `any${' '.repeat(1_000)}:00`],
    ['basic authentication', 'Basic bWFyeTpzZWNyZXQ='],
  ])('%s is anybody', (_what, authorization) => {
    const asked = authorization === undefined ? {} : { authorization }
    expect(credentialsOf(asked).user).toBe('*')
    expect(may(acl, asked)).toBe(true)
    expect(may(acl, asked, 'write')).toBe(false)
  })

  it('a user who is not listed is refused where anybody may', () => {
    expect(may(acl, { authorization: `any eve:${signature('GET\n/get/1/a b\n')}` })).toBe(false)
  })

  it('a user may have a colon or letters beyond ASCII', () => {
    const text = 'GET\n/get/1/a b\n'
    expect(may(acl, { authorization: `any a:b:${signature(text, 'the token of a:b')}` }, 'write')).toBe(true)
    const zoe = Buffer.from('Zoë').toString('latin1')
    expect(may(acl, { authorization: `any ${zoe}:${signature(text, 'the token of Zoë')}` }, 'write')).toBe(
      true,
    )
  })

  it('a link says it in the query; a header that is there decides alone', () => {
    const query: [string, string][] = [
      ['expires', String(nowSeconds + 60)],
      ['user', 'mary'],
    ]
    const link = [
      ...query,
      ['signature', signature(signedText({ method: 'GET', path: '/get/1/a b', query }))] as const,
    ]
    expect(may(acl, { query: link }, 'write')).toBe(true)
    expect(may(acl, { query: link, authorization: 'nonsense' }, 'write')).toBe(false)
    expect(may(acl, { query: link.slice(0, 2) }, 'write')).toBe(false)
    expect(may(acl, { query: link.slice(1) }, 'write')).toBe(false)
  })
})

describe('the signature', () => {
  const acl = aclOf({ mary: 2 })

  it('of a GET is good for a HEAD, and not the other way round', () => {
    expect(may(acl, { method: 'HEAD', authorization: signedGet })).toBe(true)
    const signedHead = `any mary:${signature('HEAD\n/get/1/a b\n')}`
    expect(may(acl, { method: 'HEAD', authorization: signedHead })).toBe(true)
    expect(may(acl, { authorization: signedHead })).toBe(false)
  })

  it.each<[string, Asked]>([
    ['method', { method: 'POST' }],
    ['path', { path: '/get/1/a%20b' }],
    ['query', { query: [['offset', '1']] }],
    ['query, empty', { query: [] }],
    ['header', { headers: ['X-Ell-Ttl', '1'] }],
  ])('does not hold for another %s', (_what, other) => {
    expect(may(acl, { authorization: signedGet, ...other })).toBe(false)
  })

  it('covers the x-ell headers and no others', () => {
    const authorization = `any mary:${signature('GET\n/get/1/a b\nx-ell-a:1\nx-ell-b:2\n')}`
    const headers = ['X-Ell-B', '2', 'Accept', 'x', 'x-ell-a', '1', 'x-ell-a', '3']
    expect(may(acl, { authorization, headers })).toBe(true)
    expect(may(acl, { authorization, headers: headers.slice(2) })).toBe(false)
  })
})

describe('one signed text stands for one request', () => {
  const acl = aclOf({ mary: 2 })
  const query: [string, string][] = [
    ['expires', '1'],
    ['user', 'mary'],
  ]
  const linked = signature(signedText({ method: 'GET', path: '/get/1/a', query }))
  const authorization = `any mary:${linked}`

  it('a query does not become a part of the path, which would take its end off', () => {
    expect(may(acl, { query, path: '/get/1/a', authorization })).toBe(false)
    expect(may(acl, { path: '/get/1/a?expires=1&user=mary', authorization })).toBe(false)
    expect(may(acl, { path: '/get/1/a?expires=1&user=mary', opaque: true, authorization })).toBe(false)
  })

  it('nor does a header', () => {
    const headers = ['X-Ell-Expires', '1']
    const signed = `any mary:${signature('GET\n/get/1/a\nx-ell-expires:1\n')}`
    expect(may(acl, { path: '/get/1/a', headers, authorization: signed })).toBe(false)
    expect(may(acl, { path: '/get/1/a\nx-ell-expires:1', authorization: signed })).toBe(false)
  })

  it('a path with a question mark is signed with a query behind it, an opaque one with an end in a header', () => {
    const later = String(nowSeconds + 60)
    const end: [string, string][] = [['expires', later]]
    const text = signedText({ method: 'GET', path: '/get/1/a?b', query: end })
    expect(may(acl, { path: '/get/1/a?b', query: end, authorization: `any mary:${signature(text)}` })).toBe(
      true,
    )
    const opaque = `any mary:${signature(`GET\n/a?b\nx-ell-expires:${later}\n`)}`
    const headers = ['X-Ell-Expires', later]
    expect(may(acl, { path: '/a?b', opaque: true, headers, authorization: opaque })).toBe(true)
  })
})

describe('the end of a request', () => {
  it.each([
    [String(nowSeconds), true],
    [String(nowSeconds - 1), false],
    ['tomorrow', false],
    ['', false],
    ['1e99', false],
  ])('expires=%s: %s', (expires, allowed) => {
    expect(may('open', { query: [['expires', expires]] })).toBe(allowed)
    expect(may('open', { headers: ['X-Ell-Expires', expires] })).toBe(allowed)
  })
})

describe('without an ACL', () => {
  it('everybody may everything; where it could not be read, nobody anything', () => {
    expect(may('open', {}, 'write')).toBe(true)
    expect(may('closed', { authorization: signedGet })).toBe(false)
  })

  it('a refusal does not say what would be right', () => {
    const refused = () =>
      checkAccess(aclOf({ mary: 2 }), {
        credentials: credentialsOf({ authorization: 'a mary:00' }),
        right: 'read',
        nowMs,
      })
    try {
      refused()
      expect.unreachable()
    } catch (error) {
      expect(codeOf(error)).toBe('ACCESS_DENIED')
      expect((error as Error).message).not.toContain(signature('GET\n/get/1/a b\n'))
      expect(JSON.stringify(error)).not.toContain(token)
    }
  })
})
