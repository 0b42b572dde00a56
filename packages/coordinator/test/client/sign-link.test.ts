import { isSignatureOf, Secret, signedText } from '@backpack/signing'
import { describe, expect, test } from 'vitest'
import { signLink } from '../../src/client/sign-link.js'

const common = { method: 'GET', user: 'mary', expiresAtSeconds: 1_700_000_000, token: 's3cret' }

/** As browsers and whoever follows the standard take it apart. */
function readLink(target: string, method = 'GET') {
  const url = new URL(target, 'http://base')
  const query = [...url.searchParams]
  const path = decodeURIComponent(url.pathname)
  const signature = url.searchParams.get('signature') ?? ''
  const valid = isSignatureOf(new Secret('s3cret'), signedText({ method, path, query }), signature)
  return {
    path,
    user: url.searchParams.get('user'),
    valid,
    hash: url.hash,
    names: query.map(([name]) => name),
  }
}

describe('a signed link', () => {
  test('is the path with expiry, user and signature, the token as text or secret', () => {
    const target = signLink({ ...common, path: '/get/1/hi.txt' })
    expect(target).toMatch(/^\/get\/1\/hi\.txt\?expires=1700000000&user=mary&signature=[0-9a-f]{128}$/)
    expect(signLink({ ...common, token: new Secret('s3cret'), path: '/get/1/hi.txt' })).toBe(target)
    expect(target).not.toContain('s3cret')
  })

  test.each([
    'a b.jpg',
    'pets/cat.jpg',
    '/x',
    'a//b/',
    '50%.jpg',
    '%41',
    '%2e%2e/%2F',
    'what?.jpg?a=1&b=2',
    'a#b&c=d;e',
    'a+b',
    'Zoë/写真/\u{1f600}.jpg',
    '\\..\\a',
    `it's*(1)!~"<>{}|^\`[]@:,$`,
    '...',
    'x/-/x',
  ])('for the name %j arrives as it was signed', (name) => {
    const path = `/get/1/${name}`
    const target = signLink({ ...common, path })
    expect(target).toMatch(/^[!-~]+$/)
    expect(target.split('?')).toHaveLength(2)
    expect(readLink(target)).toEqual({
      path,
      user: 'mary',
      valid: true,
      hash: '',
      names: ['expires', 'user', 'signature'],
    })
  })

  test.each(['*', 'a b', 'a+b', 'a&b=c', 'Zoë:x', '100%', '\u{1f600}', "o'hara"])(
    'has the user %j',
    (user) => {
      const link = readLink(signLink({ ...common, user, path: '/get/1/x' }))
      expect(link).toMatchObject({ user, valid: true })
    },
  )

  test('is for one method, path, user, time and token', () => {
    const requests = [
      {},
      { method: 'PUT' },
      { path: '/get/2/x' },
      { user: 'john' },
      { expiresAtSeconds: 1_700_000_001 },
      { token: 'S3cret' },
    ].map((other) => signLink({ ...common, path: '/get/1/x', ...other }))
    const signatures = requests.map((target) => new URL(target, 'http://base').searchParams.get('signature'))
    expect(new Set(signatures).size).toBe(requests.length)
  })

  test.each(['get/1/x', '', '/get/1/../x', '/get/1/..', '/get/1/./x', '/get/1/.', '/get/1/\ud800'])(
    'is not made for %j',
    (path) => {
      expect(() => signLink({ ...common, path })).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }))
    },
  )
})
