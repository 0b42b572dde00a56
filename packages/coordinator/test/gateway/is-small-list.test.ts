// What is parsed at all as a list of keys.
import { expect, it } from 'vitest'
import { isSmallList } from '../../src/gateway/is-small-list.js'

const isList = (text: string) => isSmallList(Buffer.from(text), 3)

it.each([
  ['{"keys":["a","b","c"]}', true],
  ['{"keys":["a,b,c,d","[[[","{{{"]}', true],
  ['{"keys":["\\",\\",\\",","b\\\\","c"]}', true],
  ['no json', true],
  ['', true],
  ['"never ends', true],
  ['{"keys":["a","b","c","d"]}', false],
  ['{"keys":[{}]}', false],
  ['{"keys":[[]]}', false],
  ['[[[[', false],
  [',,,', false],
])('%s: %s', (text, expected) => {
  expect(isList(text)).toBe(expected)
})
