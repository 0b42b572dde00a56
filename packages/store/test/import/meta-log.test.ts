import { expect, test } from 'vitest'
import { type MetaRecord, parseMetaLog } from '../../src/import/from-2013/meta-log.js'
import { printedRandom } from '../helpers/seeded-random.js'
import { metaRecord } from './store-2013.js'

const dataBytes = 100_000

function shown(records: readonly MetaRecord[]): (string | number)[][] {
  return records.map(({ name, offsetBytes, lengthBytes }) => [name.toString(), offsetBytes, lengthBytes])
}

test('a record is its name length, name, offset and length, little-endian', () => {
  const golden = Buffer.from('05612e6a70670a0000000b020000', 'hex')
  expect(metaRecord('a.jpg', 10, 523)).toEqual(golden)
  expect(parseMetaLog(golden, dataBytes)).toEqual({
    records: [{ name: Buffer.from('a.jpg'), offsetBytes: 10, lengthBytes: 523, nameCut: false }],
    gaps: [],
  })
  expect(parseMetaLog(Buffer.alloc(0), dataBytes)).toEqual({ records: [], gaps: [] })
})

test('names of more than 255 characters are found whole, with what stands behind them', () => {
  for (const length of [255, 256, 257, 300, 511, 512, 513, 1_000, 5_000]) {
    const long = 'photos/'.repeat(1000).slice(0, length)
    const log = [metaRecord('before', 0, 9), metaRecord(long, 9, 70_000), metaRecord('after', 70_009, 5)]
    for (const limit of [dataBytes, 3_700_000_000]) {
      const { records, gaps } = parseMetaLog(Buffer.concat(log), limit)
      expect([length, gaps]).toEqual([length, []])
      expect(shown(records)).toEqual([
        ['before', 0, 9],
        [long, 9, 70_000],
        ['after', 70_009, 5],
      ])
    }
  }
})

test('a name with characters beyond ASCII has lost its end, its neighbours have not', () => {
  for (const name of ['é\u4e2d.jpg', 'ab\u4e2d', 'aé', 'a\u{1f600}', `${'é'.repeat(300)}.jpg`]) {
    const log = [metaRecord('a', 0, 9), metaRecord(name, 9, 7), metaRecord('b', 16, 5)]
    const { records, gaps } = parseMetaLog(Buffer.concat(log), dataBytes)
    expect([name, gaps]).toEqual([name, []])
    expect(records.map(({ nameCut }) => nameCut)).toEqual([false, true, false])
    expect(records.map(({ offsetBytes }) => offsetBytes)).toEqual([0, 9, 16])
  }
})

test('a log cut at any byte gives every whole record, and the rest as one gap', () => {
  const log = Buffer.concat([
    metaRecord('first.jpg', 0, 900),
    metaRecord('x'.repeat(300), 900, 10),
    metaRecord('z', 910, 1),
  ])
  const ends = [0, 18, 18 + 309, log.length]
  for (let cutAt = 0; cutAt < log.length; cutAt++) {
    const { records, gaps } = parseMetaLog(log.subarray(0, cutAt), dataBytes)
    const whole = ends.filter((end) => end > 0 && end <= cutAt).length
    expect([cutAt, records.length]).toEqual([cutAt, whole])
    const restFrom = ends[whole] as number
    expect(gaps).toEqual(restFrom === cutAt ? [] : [{ fromByte: restFrom, toByte: cutAt }])
  }
})

test('garbage in the middle is one gap; no record is made of it and none around it is lost', () => {
  const random = printedRandom('garbage in a 2013 index log')
  const rounds = 200
  for (let round = 0; round < rounds; round++) {
    const records: Buffer[] = []
    for (let record = 0; record < 10; record++) {
      records.push(
        metaRecord(`album/${record}/${'n'.repeat(random.between(0, 60))}.jpg`, record * 5_000, 4_000),
      )
    }
    const garbage = Buffer.alloc(random.between(1, 40), random.pick([0, 1, 0x80, 0xff]))
    const log = Buffer.concat([...records.slice(0, 5), garbage, ...records.slice(5)])
    const parsed = parseMetaLog(log, dataBytes)
    expect(parsed.records.map(({ offsetBytes }) => offsetBytes)).toEqual(
      Array.from({ length: 10 }, (_, record) => record * 5_000),
    )
    const fromByte = Buffer.concat(records.slice(0, 5)).length
    expect(parsed.gaps).toEqual([{ fromByte, toByte: fromByte + garbage.length }])
  }
})

test('between two pieces of garbage nothing is believed that only looks like a record', () => {
  const garbage = Buffer.from([0xff])
  const doubtful = Buffer.concat([garbage, metaRecord('doubtful', 20, 5), garbage])
  const log = Buffer.concat([metaRecord('a', 0, 10), doubtful, metaRecord('b', 10, 10)])
  const { records, gaps } = parseMetaLog(log, dataBytes)
  expect(shown(records)).toEqual([
    ['a', 0, 10],
    ['b', 10, 10],
  ])
  expect(gaps).toEqual([{ fromByte: 10, toByte: 10 + doubtful.length }])
})

test('a record whose blob would not lie in its data file is none', () => {
  const log = Buffer.concat([
    metaRecord('good', 0, 10),
    metaRecord('past', dataBytes, 1),
    metaRecord('also', 10, 10),
  ])
  const { records, gaps } = parseMetaLog(log, dataBytes)
  expect(shown(records)).toEqual([
    ['good', 0, 10],
    ['also', 10, 10],
  ])
  expect(gaps).toEqual([{ fromByte: 13, toByte: 26 }])
})

test('fifty thousand records are read in order', () => {
  const log = Buffer.concat(
    Array.from({ length: 50_000 }, (_, record) =>
      metaRecord(`u${record}/photo.jpg?size=${record % 7}`, record, 1),
    ),
  )
  const { records, gaps } = parseMetaLog(log, dataBytes)
  expect(gaps).toEqual([])
  expect(records).toHaveLength(50_000)
  expect(records.at(-1)?.name.toString()).toBe('u49999/photo.jpg?size=5')
})
