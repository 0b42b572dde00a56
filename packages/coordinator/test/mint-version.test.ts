import { expect, test } from 'vitest'
import { mintVersion } from '../src/mint-version.js'

test('a version is sixteen hex digits of the present time', () => {
  const beforeMs = Date.now()
  const version = mintVersion()
  expect(version).toMatch(/^[0-9a-f]{16}$/)
  const ms = Number(BigInt(`0x${version}`) >> 16n)
  expect(ms).toBeGreaterThanOrEqual(beforeMs)
  expect(ms).toBeLessThanOrEqual(Date.now())
})

test('a version is above the present one, also one by a clock that is ahead', () => {
  const aheadMs = Date.now() + 30_000
  // The largest tail: only a later millisecond is above it.
  const present = ((BigInt(aheadMs) << 16n) | 0xffffn).toString(16).padStart(16, '0')
  expect(mintVersion(present) > present).toBe(true)
  const older = mintVersion().replace(/.{4}$/, 'ffff')
  expect(mintVersion(older) > older).toBe(true)
})
