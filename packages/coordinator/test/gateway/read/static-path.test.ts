import { assert as check, property, string } from 'fast-check'
import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { staticPathOf } from '../../../src/gateway/read/static-path.js'

describe('the path of a static file', () => {
  it('is taken apart at its slashes', () => {
    expect(staticPathOf('/crossdomain.xml')).toEqual(['crossdomain.xml'])
    expect(staticPathOf('/a b/ü/%2e%2e')).toEqual(['a b', 'ü', '%2e%2e'])
  })
  it.each([
    '',
    '/',
    '//',
    '/a/',
    '/a//b',
    '/..',
    '/../a',
    '/a/../b',
    '/a/..',
    '/.',
    '/a/./b',
    '/.git/config',
    '/a/.b',
  ])('%j names no file', (path) => {
    expect(staticPathOf(path)).toBeUndefined()
  })
  it.each(['/a\\..\\b', '/\\', '/a\u0000.png', '/a\nb', '/\ud800', 'a'])('%j names no file', (path) => {
    expect(staticPathOf(path)).toBeUndefined()
  })
  it('never leaves the root, whatever it is', () => {
    check(
      property(string({ unit: 'binary' }), (text) => {
        const parts = staticPathOf(`/${text}`)
        if (parts === undefined) return
        expect(posix.normalize(posix.join('/top', ...parts)).startsWith('/top/')).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })
})
