import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { escapedSegments, exportPathOf, ownFolder } from '../../src/export/export-path.js'

test('names that are plain relative paths are their own paths', () => {
  for (const name of [
    'a',
    'a/b/c.jpg',
    '...',
    '..a/.b',
    'a b',
    '~',
    'C:\\x',
    `${'é'.repeat(127)}`,
    'a?x=1',
  ]) {
    expect(exportPathOf(name).segments).toEqual(name.split('/'))
  }
})

test('names that would leave the target, or are no path, get a path that does not', () => {
  const names = [
    '..',
    '.',
    '../a',
    'a/..',
    'a/../../b',
    '/etc/passwd',
    '/',
    'a//b',
    'a/',
    './a',
    `${ownFolder}/x`,
  ]
  names.push('x'.repeat(256), `a/${'é'.repeat(128)}`)
  for (const name of names) {
    const { segments, problem } = exportPathOf(name)
    expect([name, segments]).toEqual([name, undefined])
    expect(problem).toEqual(expect.any(String))
    const escaped = escapedSegments(name).join('/')
    expect(posix.normalize(escaped)).toBe(escaped)
    expect(escaped.startsWith(`${ownFolder}/escaped/`)).toBe(true)
  }
  expect(new Set(names.map((name) => escapedSegments(name).join('/'))).size).toBe(names.length)
})
