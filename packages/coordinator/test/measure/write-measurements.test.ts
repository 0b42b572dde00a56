import { describe, expect, test } from 'vitest'
import { countedBytesMin, WriteMeasurements } from '../../src/measure/write-measurements.js'

const photoBytes = 64 * 1024

interface Upload {
  readonly tookMs: number | 'failed'
  readonly sizeBytes?: number
}

/** One upload after the other to node `n`, `everyMs` apart from `startMs`; gives the time of the last. */
function note(
  writes: WriteMeasurements,
  uploads: readonly Upload[],
  { startMs = 0, everyMs = 100, node = 'n' } = {},
): number {
  let nowMs = startMs
  for (const [at, { tookMs, sizeBytes = photoBytes }] of uploads.entries()) {
    nowMs = startMs + at * everyMs
    if (tookMs === 'failed') writes.noteFailed(node, nowMs)
    else writes.noteStored(node, { sizeBytes, tookMs, nowMs })
  }
  return nowMs
}

function times(count: number, tookMs: Upload['tookMs']): Upload[] {
  return Array.from({ length: count }, () => ({ tookMs }))
}

/** What is measured, as the milliseconds of an upload of 64 KiB. */
function measuredMs(writes: WriteMeasurements, nowMs: number): number {
  return ((writes.of('n', nowMs)?.usPerByte ?? Number.NaN) * photoBytes) / 1_000
}

test('a node that nothing was uploaded to is not measured', () => {
  const writes = new WriteMeasurements()
  expect(writes.of('n', 0)).toBeUndefined()
  expect([writes.failuresOf('n'), writes.usualUsPerByte(0)]).toEqual([0, 0])
})

test('steady uploads are measured as what they take', () => {
  const writes = new WriteMeasurements()
  const nowMs = note(writes, times(10, 20))
  expect(measuredMs(writes, nowMs)).toBeCloseTo(20)
  expect(writes.of('n', nowMs)?.confidence).toBe(1)
})

test('tiny uploads count as 16 KiB: a request that takes 2 ms is no slow disk', () => {
  const writes = new WriteMeasurements()
  writes.noteStored('n', { sizeBytes: 10, tookMs: 2, nowMs: 0 })
  expect(writes.of('n', 0)?.usPerByte).toBeCloseTo(2_000 / countedBytesMin)
})

test('the first slow upload counts nearly in full: half as the newest, the rest as the tendency', () => {
  const writes = new WriteMeasurements()
  const before = note(writes, times(20, 2))
  const nowMs = note(writes, times(1, 202), { startMs: before + 100 })
  // 2 + 200 / 2, and 200 / 2 - 200 / 10 for the rise.
  expect(measuredMs(writes, nowMs)).toBeCloseTo(102 + 80)
})

test('uploads that become slower step by step are felt ahead of their mean, faster ones are not felt ahead', () => {
  const rising = new WriteMeasurements()
  let nowMs = note(rising, [...times(10, 10), { tookMs: 20 }, { tookMs: 30 }, { tookMs: 40 }])
  expect(measuredMs(rising, nowMs)).toBeGreaterThan(40)
  const falling = new WriteMeasurements()
  nowMs = note(falling, [...times(10, 40), { tookMs: 30 }, { tookMs: 20 }, { tookMs: 10 }])
  expect(measuredMs(falling, nowMs)).toBeGreaterThan(10)
  expect(measuredMs(falling, nowMs)).toBeLessThan(25)
})

describe('a node that fails every second upload', () => {
  test('is far worse than one that takes 20 ms, after each failure and after each success', () => {
    const writes = new WriteMeasurements()
    const pair: Upload[] = [{ tookMs: 5 }, { tookMs: 'failed' }]
    const uploads = Array.from({ length: 10 }, () => pair).flat()
    for (let count = 2; count <= uploads.length; count++) {
      const some = new WriteMeasurements()
      const nowMs = note(some, uploads.slice(0, count))
      expect(measuredMs(some, nowMs)).toBeGreaterThan(20 * 20)
    }
    note(writes, uploads)
    expect(writes.failuresOf('n')).toBe(10)
  })

  test('is well after a few uploads that did not fail', () => {
    const writes = new WriteMeasurements()
    const nowMs = note(writes, [...times(10, 'failed'), ...times(10, 5)])
    expect(measuredMs(writes, nowMs)).toBeLessThan(10)
  })
})

test('no measurement is worse than a second for 16 KiB', () => {
  const writes = new WriteMeasurements()
  const sizeBytes = 1
  note(writes, [{ tookMs: 1 }, { tookMs: 30_000, sizeBytes }, { tookMs: 30_000, sizeBytes }])
  expect(writes.of('n', 100)?.usPerByte).toBeCloseTo(1_000_000 / countedBytesMin)
})

describe('a measurement that nothing is added to', () => {
  test.each([
    [0, 1],
    [12_000, 1],
    [16_000, 1 / 2],
    [20_000, 1 / 4],
    [52_000, 1 / 1024],
  ])('counts after %i ms by %d', (afterMs, confidence) => {
    const writes = new WriteMeasurements()
    const nowMs = note(writes, times(3, 500))
    expect(writes.of('n', nowMs + afterMs)?.confidence).toBeCloseTo(confidence)
  })

  test('is no burden for the next one: after a minute only what is new counts', () => {
    const writes = new WriteMeasurements()
    note(writes, times(10, 2), { node: 'well' })
    const before = note(writes, times(10, 'failed'))
    const startMs = before + 60_000
    note(writes, times(3, 2), { node: 'well', startMs })
    writes.usualUsPerByte(startMs)
    note(writes, times(1, 2), { startMs })
    expect(measuredMs(writes, startMs)).toBeLessThan(5)
  })
})

describe('what is usual', () => {
  const usualMs = (tookMs: readonly number[]) => {
    const writes = new WriteMeasurements()
    for (const [at, each] of tookMs.entries()) note(writes, times(5, each), { node: String(at) })
    return (writes.usualUsPerByte(1_000) * photoBytes) / 1_000
  }

  test.each([
    [[7], 7],
    [[200, 7], 7],
    [[200, 7, 300], 7],
    [[200, 8, 300, 400, 7], 8],
  ])('of %j ms is %i ms: of nodes that are well', (tookMs, expected) => {
    expect(usualMs(tookMs)).toBeCloseTo(expected)
  })

  test('does not count nodes that nobody uploads to', () => {
    const writes = new WriteMeasurements()
    note(writes, times(5, 1), { node: 'idle' })
    note(writes, times(5, 9), { startMs: 30_000 })
    expect((writes.usualUsPerByte(31_000) * photoBytes) / 1_000).toBeCloseTo(9)
  })
})

test('a node that left the model is forgotten', () => {
  const writes = new WriteMeasurements()
  note(writes, times(1, 1))
  note(writes, times(1, 1), { node: 'other' })
  writes.keep(new Set(['other']))
  expect(writes.of('n', 0)).toBeUndefined()
  expect(writes.of('other', 0)).toBeDefined()
})
