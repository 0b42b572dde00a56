import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  compareRank,
  formatVersion,
  type NeedleRank,
  nextVersion,
  parseVersion,
  versionMs,
} from '../../src/needle/blob-version.js'

test('a first version is the time in the upper bits and the store in the lower', () => {
  const version = nextVersion({ nowMs: 1_700_000_000_000, present: undefined, storeId: 0xabcd })
  expect(formatVersion(version)).toBe('018bcfe56800abcd')
  expect(versionMs(version)).toBe(1_700_000_000_000)
})

test('a version is above the present one even when the clock went back', () => {
  const present = nextVersion({ nowMs: 2_000, present: undefined, storeId: 0xffff })
  const next = nextVersion({ nowMs: 1_000, present, storeId: 0 })
  expect(next > present).toBe(true)
  expect(versionMs(next)).toBe(2_001)
})

test('any version reads back from its text, and texts sort like versions', () => {
  const version = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const result = fc.check(
    fc.property(version, version, (a, b) => {
      expect(parseVersion(formatVersion(a))).toBe(a)
      expect(formatVersion(a) < formatVersion(b)).toBe(a < b)
    }),
  )
  console.log(`versions: seed ${result.seed}`)
  expect(result.failed, fc.defaultReportMessage(result) ?? '').toBe(false)
})

test.each(['', '018bcfe56800abc', '018BCFE56800ABCD', '0x8bcfe56800abcd', '018bcfe56800abcd0'])(
  'the text %j is no version',
  (text) => {
    expect(parseVersion(text)).toBeUndefined()
  },
)

test('rank goes by version, then tombstone, then checksum', () => {
  const rank = (version: bigint, tombstone: boolean, dataChecksum: number): NeedleRank => ({
    version,
    tombstone,
    dataChecksum,
  })
  const rising = [rank(1n, false, 9), rank(1n, true, 0), rank(2n, false, 1), rank(2n, false, 4_000_000_000)]
  for (const [a, left] of rising.entries()) {
    for (const [b, right] of rising.entries())
      expect(Math.sign(compareRank(left, right))).toBe(Math.sign(a - b))
  }
})
