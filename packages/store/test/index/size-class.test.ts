import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sizeClassOf, sizeOfClass } from '../../src/key-map/size-class.js'
import { blobBytesMax, needleLength } from '../../src/needle/needle-format.js'

const longestNeedle = needleLength({ nameLength: 1024, contentTypeLength: 255, dataLength: blobBytesMax })

test('a class is never smaller than the length it stands for, and less than 1 % larger', () => {
  const result = fc.check(
    fc.property(fc.integer({ min: 1, max: longestNeedle }), (lengthBytes) => {
      const rounded = sizeOfClass(sizeClassOf(lengthBytes))
      expect(rounded).toBeGreaterThanOrEqual(lengthBytes)
      expect(rounded).toBeLessThan(lengthBytes * 1.01 + 8)
    }),
    { numRuns: 5_000 },
  )
  console.log(`size classes: seed ${result.seed}, ${result.numRuns} runs`)
  expect(result.failed, fc.defaultReportMessage(result) ?? '').toBe(false)
})

test('the longest needle has a class of 12 bits, and classes rise with their sizes', () => {
  const last = sizeClassOf(longestNeedle)
  expect(last).toBeLessThan(4096)
  for (let sizeClass = 1; sizeClass <= last; sizeClass++) {
    expect(sizeOfClass(sizeClass)).toBeGreaterThan(sizeOfClass(sizeClass - 1))
    expect(sizeClassOf(sizeOfClass(sizeClass))).toBe(sizeClass)
  }
})

test.each([
  [8, 1, 8],
  [1016, 127, 1016],
  [1024, 128, 1024],
  [1032, 129, 1032],
  [2048, 256, 2048],
  [2056, 257, 2064],
  [1_048_616, 1409, 1_056_768],
])('a length of %i bytes has class %i, which stands for %i', (lengthBytes, sizeClass, sizeBytes) => {
  expect(sizeClassOf(lengthBytes)).toBe(sizeClass)
  expect(sizeOfClass(sizeClass)).toBe(sizeBytes)
})
