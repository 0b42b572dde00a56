import { describe, expect, test } from 'vitest'
import { DigestComparison } from '../../src/repair/compare-digests.js'
import { type BucketDigest, formatBucket } from '../../src/repair/digest-lines.js'

const hour = 485_000
const none = { count: 0, sum: '0000000000000000' }

function bucket(
  slot: number,
  live: number,
  { sum = 'c4eb7090eecfef3b', tombstones = 0, hours = 0 } = {},
): BucketDigest {
  const sumOf = (count: number) => (count === 0 ? none : { count, sum })
  return { bucket: (hour + hours) * 16 + slot, live: sumOf(live), tombstones: sumOf(tombstones) }
}

function compare(first: BucketDigest[], ...others: BucketDigest[][]) {
  const comparison = new DigestComparison()
  for (const digest of first) comparison.keep(digest)
  for (const other of others) {
    comparison.begin()
    for (const digest of other) comparison.compare(digest)
    comparison.end()
  }
  return [...comparison.buckets()].map(({ bucket, names, differs }) => {
    return `${formatBucket(bucket)} ${names} ${differs ? 'differs' : 'equal'}`
  })
}

describe('DigestComparison', () => {
  test('of equal digests finds no difference', () => {
    const digest = [bucket(1, 5), bucket(15, 2, { tombstones: 3 }), bucket(0, 1, { hours: 1 })]
    expect(compare(digest, digest, digest)).toEqual([
      '485000-1 5 equal',
      '485000-15 5 equal',
      '485001-0 1 equal',
    ])
  })

  test.each([
    { what: 'count', other: bucket(1, 6) },
    { what: 'high half of the sum', other: bucket(1, 5, { sum: 'c4eb7091eecfef3b' }) },
    { what: 'low half of the sum', other: bucket(1, 5, { sum: 'c4eb7090eecfef3c' }) },
    { what: 'tombstones', other: bucket(1, 5, { tombstones: 1 }) },
  ])('of another $what finds the bucket', ({ other }) => {
    expect(compare([bucket(1, 5), bucket(2, 1)], [other, bucket(2, 1)])).toEqual([
      `485000-1 ${other.live.count + other.tombstones.count} differs`,
      '485000-2 1 equal',
    ])
  })

  test('finds what the first node has alone, and what any other has alone', () => {
    expect(
      compare(
        [bucket(1, 5), bucket(2, 4)],
        [bucket(1, 5)],
        [bucket(1, 5), bucket(2, 4), bucket(9, 7, { hours: -1 })],
      ),
    ).toEqual(['484999-9 7 differs', '485000-1 5 equal', '485000-2 4 differs'])
  })

  test('an empty node differs everywhere', () => {
    const digest = [bucket(1, 5), bucket(2, 4)]
    expect(compare(digest, [])).toEqual(['485000-1 5 differs', '485000-2 4 differs'])
    expect(compare([], digest)).toEqual(['485000-1 5 differs', '485000-2 4 differs'])
    expect(compare([], [])).toEqual([])
  })

  test('a node that was not read to its end says nothing of what did not come', () => {
    const comparison = new DigestComparison()
    comparison.keep(bucket(1, 5))
    comparison.keep(bucket(2, 5))
    comparison.begin()
    comparison.compare(bucket(1, 6))
    comparison.begin()
    comparison.compare(bucket(1, 5))
    comparison.compare(bucket(2, 5))
    comparison.end()
    expect([...comparison.buckets()].map(({ differs }) => differs)).toEqual([true, false])
  })
})
