import { expect, test } from 'vitest'
import { durationArgument } from '../../src/cli/duration-argument.js'

test.each([
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['6h', 21_600_000],
  ['1.5d', 129_600_000],
  ['0', 0],
  ['never', 0],
])('%s is %i ms', (text, milliseconds) => {
  expect(durationArgument.parse(text)).toBe(milliseconds)
})

test.each(['', '6', 'h', '-1h', '6 h', '0h', '1w', 'x6h'])('%j is no duration', (text) => {
  expect(durationArgument.safeParse(text).success).toBe(false)
})
