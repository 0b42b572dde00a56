// Names that URLs, shells and file systems would change. Stores and coordinators must not.
import type { SeededRandom } from './seeded-random.js'

const pieces = [
  ...['?', '%', ' ', ':', '//', '😀', '%2F', '%3F', '%zz', '&', '#', '=', '+', '"', "'", '\\', '|', '<'],
  ...['é', 'e\u0301', '日本', '.', '..', '/', '*', '~', 'a', 'Z9', '👨‍👩‍👧', 'ß', '\u00a0'],
]

const fixed = [
  ...['a?b', 'a?x=1&y=2', '?', '100%', '%', '%2F', '%25', '%zz', 'a b', ' a ', '  ', 'a:b', ':', '1:a', '::'],
  ...[
    'a//b',
    '//a',
    'a//',
    '/',
    '//',
    '../a',
    'a/../b',
    './a',
    '😀',
    '👨‍👩‍👧.jpg',
    '日本/写真.jpg',
    'a#b',
    '#',
  ],
]

/** `count` different ones, the fixed ones first. */
export function oddNames(count: number, random: SeededRandom): string[] {
  const names = new Set(fixed.slice(0, count))
  while (names.size < count) {
    const text = Array.from({ length: random.between(1, 8) }, () => random.pick(pieces)).join('')
    names.add(`${text}${names.size}`)
  }
  return [...names]
}

/** The shortest spelling in a request target: only what may not stand there is escaped. */
export function sparePathOf(name: string): string {
  return `/${encodeURI(name).replaceAll('#', '%23')}`
}
