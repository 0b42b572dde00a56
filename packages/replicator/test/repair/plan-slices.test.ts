import { describe, expect, test } from 'vitest'
import type { ComparedBucket } from '../../src/repair/compare-digests.js'
import { planSlices } from '../../src/repair/plan-slices.js'

/** `=` and a number is a bucket of so many names that does not differ, the number alone one that does. */
function plan(buckets: string, namesMax = 10): string[] {
  const compared: ComparedBucket[] = buckets.split(' ').map((text, at) => {
    return { bucket: at + 1, names: Number(text.replace('=', '')), differs: !text.startsWith('=') }
  })
  return [...planSlices(compared, namesMax)].map(({ from, to, part, parts }) => {
    return `${from}-${to}${parts === 1 ? '' : ` ${part}/${parts}`}`
  })
}

describe('planSlices', () => {
  test.each([
    { what: 'nothing differs', buckets: '=3 =4', slices: [] },
    { what: 'one bucket differs', buckets: '=3 4 =5', slices: ['2-2'] },
    { what: 'neighbours fit together', buckets: '3 4 3', slices: ['1-3'] },
    { what: 'neighbours do not fit together', buckets: '3 4 4 6', slices: ['1-2', '3-4'] },
    { what: 'what lies between counts too', buckets: '3 =4 3 =1 1', slices: ['1-3', '5-5'] },
    { what: 'what lies between is too much', buckets: '3 =5 3', slices: ['1-1', '3-3'] },
    { what: 'a bucket is just as large as a slice', buckets: '10 1', slices: ['1-1', '2-2'] },
    {
      what: 'a bucket is larger than a slice',
      buckets: '1 21 1',
      slices: ['1-1', '2-2 0/3', '2-2 1/3', '2-2 2/3', '3-3'],
    },
  ])('$what: $slices', ({ buckets, slices }) => {
    expect(plan(buckets)).toEqual(slices)
  })

  test('a bucket is not listed in more parts than stores allow', () => {
    expect([...planSlices([{ bucket: 1, names: 10_000_000, differs: true }], 1)].length).toBe(65_536)
  })
})
