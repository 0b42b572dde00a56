// Stores of different releases compare their digests, so what is pinned here must never change.
import { describe, expect, test } from 'vitest'
import {
  formatBucket,
  hashOfName,
  hourOf,
  parseBucket,
  partOf,
  slotOf,
  toBucket,
} from '../../src/digest/bucket.js'
import { DigestSums } from '../../src/digest/digest-sums.js'
import { encodeRecord, IndexCursor, type IndexRecord } from '../../src/index/index-format.js'

const record: IndexRecord = {
  offsetBytes: 64,
  lengthBytes: 128,
  version: 0x0196_f0a1_b2c3_0001n,
  tombstone: false,
  damage: false,
  dataLength: 5,
  dataChecksum: 0x89ab_cdef,
  contentTypeLength: 10,
  name: Buffer.from('pets/cat.jpg'),
}
const deleted = { ...record, tombstone: true, dataChecksum: 0 }

function digestOf(records: readonly IndexRecord[]) {
  const sums = new DigestSums()
  const cursor = new IndexCursor()
  for (const one of records) {
    cursor.bytes = encodeRecord(one)
    sums.add(cursor, { hour: hourOf(cursor.versionMs), slot: slotOf(hashOfName(one.name)) })
  }
  return [...sums.buckets()]
}

describe('bucket', () => {
  test('slots are the low bits of the CRC-32 of the name', () => {
    const names = ['a', 'pets/cat.jpg', '\u{1f408}', 'x'.repeat(1024)]
    expect(names.map((name) => slotOf(hashOfName(Buffer.from(name))))).toEqual([3, 7, 14, 3])
  })

  test('parts of a bucket are of about one size', () => {
    const counts = new Array<number>(10).fill(0)
    for (let number = 0; number < 160_000; number++) {
      const hash = hashOfName(Buffer.from(`photo-${number}.jpg`))
      if (slotOf(hash) === 7) (counts[partOf(hash, 10)] as number)++
    }
    expect(Math.min(...counts)).toBeGreaterThan(850)
    expect(Math.max(...counts)).toBeLessThan(1150)
  })

  test('a bucket is written as hour and slot, and read again', () => {
    expect(formatBucket(toBucket(485_000, 15))).toBe('485000-15')
    expect(parseBucket('485000-15')).toBe(toBucket(485_000, 15))
  })

  test.each(['', '1', '1-', '-1', '1-16', 'a-1', '1-1-1', '1.5-1', ' 1-1', '123456789-1'])(
    '%j is none',
    (text) => {
      expect(parseBucket(text)).toBeUndefined()
    },
  )
})

describe('digest sums', () => {
  test('of a live needle and a tombstone are these', () => {
    expect(digestOf([record, deleted])).toEqual([
      {
        bucket: '485498-7',
        live: { count: 1, sum: 'c4eb7090eecfef3b' },
        tombstones: { count: 1, sum: '703ed081a051db50' },
      },
    ])
  })

  test('do not depend on the order, and come by hour and slot', () => {
    const records = Array.from({ length: 200 }, (_, number) => ({
      ...record,
      name: Buffer.from(`name ${number}`),
      version: record.version + (BigInt(number % 30) << 16n) * 1_800_000n,
      tombstone: number % 3 === 0,
    }))
    const digest = digestOf(records)
    expect(digestOf(records.toReversed())).toEqual(digest)
    const order = digest.map(({ bucket }) => parseBucket(bucket) ?? -1)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    expect(digest.reduce((sum, { live, tombstones }) => sum + live.count + tombstones.count, 0)).toBe(200)
  })

  test.each([
    { what: 'name', other: { ...record, name: Buffer.from('pets/cat.jpf') } },
    { what: 'version', other: { ...record, version: record.version + 1n } },
    { what: 'checksum', other: { ...record, dataChecksum: 0 } },
    { what: 'kind', other: deleted },
  ])('another $what gives another digest', ({ other }) => {
    expect(digestOf([other])).not.toEqual(digestOf([record]))
  })
})
