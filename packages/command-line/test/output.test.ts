import { expect, test } from 'vitest'
import { markDashes, unmarkDashes } from '../src/dash-arguments.js'
import { countOf, formatBytes, formatTable, showName, toJson } from '../src/output.js'

test('sizes and counts are written for people', () => {
  expect([0, 1023, 1024, 1.5 * 2 ** 30, 3500 * 2 ** 20].map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1 KB',
    '1.5 GB',
    '3.4 GB',
  ])
  expect([countOf(1, 'blob'), countOf(0, 'blob'), countOf(1234567, 'blob')]).toEqual([
    '1 blob',
    '0 blobs',
    '1,234,567 blobs',
  ])
})

test('a name that would control the terminal is shown escaped', () => {
  expect(showName('a\u009b31mb\u202egpj.exe')).toBe('a\\u009b31mb\\u202egpj.exe')
  expect(showName('ünï 😀.png')).toBe('ünï 😀.png')
})

test('JSON takes versions, which are bigints', () => {
  expect(toJson({ version: 2n ** 63n })).toBe('{"version":"9223372036854775808"}')
})

test('tables are aligned', () => {
  expect(
    formatTable(
      ['>id', 'state'],
      [
        ['1', 'full'],
        ['200', 'has room'],
      ],
    ),
  ).toEqual([' id  state', '  1  full', '200  has room'])
})

test('dashes that are no options survive the trip through yargs', () => {
  const marked = markDashes(['get', '--output', '-', '--', '-x', 'y', '--'])
  expect(marked.filter((each) => each.startsWith('-'))).toEqual(['--output'])
  expect(unmarkDashes({ all: marked, n: 1 })).toEqual({
    all: ['get', '--output', '-', '-x', 'y', '--'],
    n: 1,
  })
})
