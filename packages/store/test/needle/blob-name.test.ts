import { expect, test } from 'vitest'
import { StoreError } from '../../src/index.js'
import { encodeName, encodeNewName, isReservedName } from '../../src/needle/blob-name.js'

function codeOf(work: () => unknown): string | undefined {
  try {
    work()
  } catch (error) {
    return error instanceof StoreError ? error.code : String(error)
  }
  return undefined
}

test.each([1, 255, 256, 1023, 1024])('a name of %i bytes is accepted', (bytes) => {
  expect(encodeName('n'.repeat(bytes))).toHaveLength(bytes)
})

test('length is counted in UTF-8 bytes, not in characters', () => {
  expect(encodeName('é'.repeat(512))).toHaveLength(1024)
  expect(codeOf(() => encodeName('é'.repeat(513)))).toBe('NAME_TOO_LONG')
  expect(codeOf(() => encodeName(`${'🐈'.repeat(256)}x`))).toBe('NAME_TOO_LONG')
})

test.each([
  ['empty', '', 'NAME_INVALID'],
  ['a lone surrogate', 'cat\ud83d', 'NAME_INVALID'],
  ['NUL', 'a\u0000b', 'NAME_INVALID'],
  ['a line feed', 'a\nb', 'NAME_INVALID'],
  ['DEL', 'a\u007f', 'NAME_INVALID'],
  ['1,025 bytes', 'n'.repeat(1025), 'NAME_TOO_LONG'],
])('a name that is %s is refused', (_, name, code) => {
  expect(codeOf(() => encodeName(name))).toBe(code)
})

test.each(['..', '../../etc/passwd', 'a//b', 'a?x=1&y=2', 'a%2Fb', ' ', '🐈', 'stats/x', '-', 'con'])(
  'the name %j is opaque and accepted',
  (name) => {
    expect(encodeNewName(name).toString('utf8')).toBe(name)
  },
)

test.each(['stats', '-/', '-/metrics'])('the name %j is reserved: read but never written', (name) => {
  expect(isReservedName(name)).toBe(true)
  expect(codeOf(() => encodeNewName(name))).toBe('NAME_RESERVED')
  expect(encodeName(name).toString()).toBe(name)
})
