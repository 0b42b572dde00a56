import { expect, test } from 'vitest'
import { backoffMs } from '../../src/queue/backoff.js'

const backoff = { firstMs: 1_000, mostMs: 300_000 }

test('a wait doubles with each failure up to the cap', () => {
  const longest = [0, 1, 2, 3, 8, 9, 20, 2_000].map((attempts) => backoffMs(attempts, backoff, 1))
  expect(longest).toEqual([1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000, 300_000])
})

test('a wait lies anywhere in the upper half', () => {
  expect([0, 0.5, 1].map((random) => backoffMs(3, backoff, random))).toEqual([4_000, 6_000, 8_000])
})
