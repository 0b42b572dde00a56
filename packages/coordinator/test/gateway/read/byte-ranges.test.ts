import { assert as check, array, constantFrom, integer, nat, oneof, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AskedRange,
  parseContentRange,
  parseRangeHeader,
  placeRanges,
  placeSlice,
  rangeHeaderOf,
  rangesMax,
  sliceOfQuery,
} from '../../../src/gateway/read/byte-ranges.js'
import { frameMultipart, newBoundary } from '../../../src/gateway/read/multipart-body.js'

describe('a Range header', () => {
  const cases: [string, readonly AskedRange[] | 'malformed' | undefined][] = [
    ['bytes=0-0', [{ first: 0, last: 0 }]],
    ['BYTES=5-', [{ first: 5, last: undefined }]],
    ['bytes=-5', [{ first: undefined, last: 5 }]],
    [
      'bytes= 0-1 ,\t4-5',
      [
        { first: 0, last: 1 },
        { first: 4, last: 5 },
      ],
    ],
    ['bytes=,0-1,,', [{ first: 0, last: 1 }]],
    ['bytes=0-99999999999999999999', [{ first: 0, last: Number.MAX_SAFE_INTEGER }]],
    ['bytes=', 'malformed'],
    ['bytes=,', 'malformed'],
    ['bytes=-', 'malformed'],
    ['bytes=5-2', 'malformed'],
    ['bytes=0-1,5-2', 'malformed'],
    ['bytes=--5', 'malformed'],
    ['bytes=0x1-2', 'malformed'],
    ['bytes 0-1', 'malformed'],
    ['', 'malformed'],
    ['pages=1-2', undefined],
  ]
  it.each(cases)('%j is understood', (header, asked) => {
    expect(parseRangeHeader(header)).toEqual(asked)
  })

  it('that is absent asks for nothing', () => {
    expect(parseRangeHeader(undefined)).toBeUndefined()
  })

  it('is said again as it was understood', () => {
    for (const header of ['bytes=0-0', 'bytes=5-', 'bytes=-5', 'bytes=0-9007199254740991']) {
      const [range] = parseRangeHeader(header) as readonly AskedRange[]
      expect(rangeHeaderOf(range!)).toBe(header)
    }
  })
})

describe('ranges of a blob', () => {
  const place = (header: string, sizeBytes = 12) =>
    placeRanges(parseRangeHeader(header) as readonly AskedRange[], sizeBytes)

  it('are cut at its end, and keep the order in which they were asked for', () => {
    expect(place('bytes=8-20,0-1,-2')).toBe('whole')
    expect(place('bytes=8-9,0-1,-2')).toEqual([
      { start: 8, end: 9 },
      { start: 0, end: 1 },
      { start: 10, end: 11 },
    ])
  })
  it('that lie outside are left out, and 416 when none is left', () => {
    expect(place('bytes=12-,0-1')).toEqual([{ start: 0, end: 1 }])
    expect(place('bytes=12-,-0,99-100')).toBe('unsatisfiable')
  })
  it('that overlap are the whole blob, those that touch are not', () => {
    expect(place('bytes=0-5,5-6')).toBe('whole')
    expect(place('bytes=5-6,0-5')).toBe('whole')
    expect(place('bytes=0-4,5-6')).toEqual([
      { start: 0, end: 4 },
      { start: 5, end: 6 },
    ])
  })
  it('are the whole blob when there are more than the limit', () => {
    const many = (count: number) =>
      `bytes=${Array.from({ length: count }, (_, at) => `${at * 2}-${at * 2}`).join(',')}`
    expect(place(many(rangesMax), 100)).toHaveLength(rangesMax)
    expect(place(many(rangesMax + 1), 100)).toBe('whole')
  })

  const fragment = oneof(
    nat(30).map(String),
    constantFrom('-', ',', ' ', '\t', 'bytes=', '=', '99999999999999999999', '-0', 'x'),
  )
  const header = oneof(
    string(),
    array(fragment, { maxLength: 40 }).map((parts) => parts.join('')),
    array(fragment, { maxLength: 40 }).map((parts) => `bytes=${parts.join('')}`),
    array(constantFrom<[number, number]>([0, 1], [1, 1], [2, 5], [6, 9], [10, 10], [11, 30], [40, 50]), {
      minLength: 1,
      maxLength: rangesMax + 2,
    }).map((ranges) => `bytes=${ranges.map(([first, last]) => `${first}-${last}`).join(',')}`),
  )
  it('never overlap and never leave the blob, whatever the header says', () => {
    check(
      property(header, integer({ min: 1, max: 40 }), (text, sizeBytes) => {
        const asked = parseRangeHeader(text)
        if (asked === undefined || asked === 'malformed') return
        const placed = placeRanges(asked, sizeBytes)
        if (typeof placed === 'string') return
        expect(placed.length).toBeGreaterThan(0)
        expect(placed.length).toBeLessThanOrEqual(rangesMax)
        const bytes = placed.flatMap(({ start, end }) =>
          Array.from({ length: end - start + 1 }, (_, at) => start + at),
        )
        expect(new Set(bytes).size).toBe(bytes.length)
        expect(bytes.every((at) => at >= 0 && at < sizeBytes)).toBe(true)
        const frame = frameMultipart(placed, { sizeBytes, contentType: 'image/png', boundary: newBoundary() })
        const frameBytes = frame.parts.reduce((sum, part) => sum + part.head.length, frame.tail.length)
        expect(frame.lengthBytes).toBe(frameBytes + bytes.length)
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('offset and size', () => {
  it('default to the beginning and the rest', () => {
    expect(sliceOfQuery(undefined)).toBeUndefined()
    expect(sliceOfQuery([['user', 'mary']])).toBeUndefined()
    expect(sliceOfQuery([['offset', '3']])).toEqual({ offset: 3, size: undefined })
    expect(sliceOfQuery([['size', '3']])).toEqual({ offset: 0, size: 3 })
    expect(sliceOfQuery([['size', '0']])).toEqual({ offset: 0, size: undefined })
  })
  it.each(['', '-1', '1.5', '1e3', ' 1', '0x1', 'NaN', '9'.repeat(16)])(
    '%j is no number of bytes',
    (text) => {
      const refusal = expect.objectContaining({ code: 'REQUEST_INVALID' }) as unknown
      expect(() => sliceOfQuery([['offset', text]])).toThrow(refusal)
      expect(() => sliceOfQuery([['size', text]])).toThrow(refusal)
    },
  )
  it('must lie in the blob, all of it', () => {
    expect(placeSlice({ offset: 0, size: undefined }, 12)).toEqual({ start: 0, end: 11 })
    expect(placeSlice({ offset: 11, size: 1 }, 12)).toEqual({ start: 11, end: 11 })
    expect(placeSlice({ offset: 11, size: 2 }, 12)).toBeUndefined()
    expect(placeSlice({ offset: 12, size: undefined }, 12)).toBeUndefined()
  })
})

describe('a Content-Range', () => {
  it('is read as a range and a size', () => {
    expect(parseContentRange('bytes 2-5/12')).toEqual({ start: 2, end: 5, sizeBytes: 12 })
    for (const text of [undefined, 'bytes */12', 'bytes 2-5/*', '2-5/12'])
      expect(parseContentRange(text)).toBeUndefined()
  })
})
