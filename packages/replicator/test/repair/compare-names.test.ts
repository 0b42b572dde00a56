import { describe, expect, test } from 'vitest'
import { compareNames, compareNeedles, type Listing } from '../../src/repair/compare-names.js'
import type { ListedNeedle } from '../../src/repair/digest-lines.js'

const hex = (digits: number, value: number) => value.toString(16).padStart(digits, '0')

function needle(name: string, version: number, { checksum = 1, tombstone = false } = {}): ListedNeedle {
  return { name, version: hex(16, version), checksum: hex(8, checksum), tombstone }
}

function tasks(...listings: readonly ListedNeedle[][]) {
  const byNode = new Map<string, Listing>(
    listings.map((needles, at) => [String(at + 1), new Map(needles.map((one) => [one.name, one]))]),
  )
  return [...compareNames('7', byNode)].map(({ op, shard, path, version, from, to }) => {
    return `${op} ${shard}:${path} ${Number.parseInt(version ?? '', 16)} ${from.join('+')}→${to}`
  })
}

describe('compareNames', () => {
  test('equal listings need nothing', () => {
    const listing = [needle('a', 1), needle('b', 2, { tombstone: true })]
    expect(tasks(listing, listing.toReversed(), listing)).toEqual([])
    expect(tasks([], [])).toEqual([])
    expect(tasks(listing)).toEqual([])
  })

  test('what a node lacks is copied from all that have it', () => {
    expect(tasks([needle('a', 1)], [], [needle('a', 1)])).toEqual(['copy 7:/a 1 1+3→2'])
  })

  test('what nodes have older is overwritten by the newest', () => {
    expect(tasks([needle('a', 1)], [needle('a', 3)], [needle('a', 2)])).toEqual([
      'copy 7:/a 3 2→1',
      'copy 7:/a 3 2→3',
    ])
  })

  test('a tombstone goes to those that have the blob, and to those that never had it', () => {
    expect(tasks([needle('a', 2, { tombstone: true })], [needle('a', 1)], [])).toEqual([
      'delete 7:/a 2 1→2',
      'delete 7:/a 2 1→3',
    ])
  })

  test('a blob newer than a tombstone comes back', () => {
    expect(tasks([needle('a', 2, { tombstone: true })], [needle('a', 3)])).toEqual(['copy 7:/a 3 2→1'])
  })

  test('of one version the tombstone wins, then the greater checksum', () => {
    const deleted = needle('a', 1, { tombstone: true, checksum: 0 })
    expect(tasks([needle('a', 1, { checksum: 9 })], [deleted])).toEqual(['delete 7:/a 1 2→1'])
    expect(tasks([needle('a', 1, { checksum: 9 })], [needle('a', 1, { checksum: 10 })])).toEqual([
      'copy 7:/a 1 2→1',
    ])
  })

  test('versions are compared as numbers, however large', () => {
    const old = { ...needle('a', 1), version: '7fffffffffffffff' }
    const young = { ...needle('a', 1), version: '8000000000000000' }
    expect(compareNeedles(young, old)).toBeGreaterThan(0)
    expect(compareNeedles(old, young)).toBeLessThan(0)
    expect(compareNeedles(old, { ...old })).toBe(0)
  })

  test('names become targets', () => {
    expect(tasks([needle('a b?w=1/\u{1f408}:%', 1)], [])).toEqual([
      'copy 7:/a%20b%3Fw%3D1/%F0%9F%90%88%3A%25 1 1→2',
    ])
  })
})
