import { expect, test } from 'vitest'
import { type FoundVolume, planRecovery } from '../../src/recovery/plan-recovery.js'

const sound: FoundVolume = {
  volumeBytes: 10_000,
  sealedAtBytes: undefined,
  indexBytes: 500,
  indexValidBytes: 500,
  indexCoversToBytes: 8_000,
  indexBelongs: true,
}

test('a sound index is kept and the volume is read behind it', () => {
  expect(planRecovery(sound)).toEqual({ limitBytes: 10_000, index: 'keep', scanFromBytes: 8_000 })
})

test('an empty index is kept and the volume is read from its first needle', () => {
  const empty = { ...sound, indexBytes: 40, indexValidBytes: 40, indexCoversToBytes: 64 }
  expect(planRecovery(empty)).toEqual({ limitBytes: 10_000, index: 'keep', scanFromBytes: 64 })
})

test('an index torn at its end is cut there', () => {
  expect(planRecovery({ ...sound, indexBytes: 600 })).toEqual({
    limitBytes: 10_000,
    index: 'cut',
    scanFromBytes: 8_000,
  })
})

test.each([
  ['is missing', { indexBytes: undefined }],
  ['is of another volume', { indexBelongs: false }],
  ['reaches past the end of the volume', { indexCoversToBytes: 10_008 }],
  ['reaches past the seal', { sealedAtBytes: 7_992 }],
])('an index that %s is written anew from the whole volume', (_, found) => {
  expect(planRecovery({ ...sound, ...found })).toMatchObject({ index: 'rewrite', scanFromBytes: 64 })
})

test('nothing past the seal is looked at', () => {
  expect(planRecovery({ ...sound, sealedAtBytes: 9_000 }).limitBytes).toBe(9_000)
  expect(planRecovery({ ...sound, sealedAtBytes: Number.POSITIVE_INFINITY }).limitBytes).toBe(10_000)
})
