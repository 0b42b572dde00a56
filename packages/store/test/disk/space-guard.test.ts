import { expect, onTestFinished, test, vi } from 'vitest'
import { SpaceGuard } from '../../src/disk/space-guard.js'
import { TroubledDisk } from '../helpers/troubled-disk.js'

async function lookedAt(
  freeBytes: number,
  options: { reserveBytes: number | undefined; volumeBytesMax: number },
) {
  const disk = new TroubledDisk()
  disk.freeBytes = freeBytes
  const guard = new SpaceGuard(disk, '/', options)
  await guard.refresh()
  return guard
}

test('without a number the reserve is one volume and 2 % of the disk', async () => {
  const guard = await lookedAt(2 ** 40, { reserveBytes: undefined, volumeBytesMax: 1_000_000 })
  expect(guard.availableBytes).toBeCloseTo(2 ** 40 - 1_000_000 - 0.02 * guard.totalBytes, 0)
})

test('bytes claimed are gone until the next look, and what does not fit is DISK_FULL', async () => {
  const guard = await lookedAt(10_000, { reserveBytes: 4_000, volumeBytesMax: 1 })
  guard.claim(5_000)
  guard.check(1_000)
  expect(() => guard.claim(1_001)).toThrow(expect.objectContaining({ code: 'DISK_FULL' }))
  expect(guard.availableBytes).toBe(1_000)
})

test('a second look within a second is not made', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const guard = await lookedAt(10_000, { reserveBytes: 0, volumeBytesMax: 1 })
  vi.setSystemTime(Date.now() + 999)
  expect(guard.refresh()).toBeUndefined()
  vi.setSystemTime(Date.now() + 1)
  expect(guard.refresh()).toBeDefined()
})
