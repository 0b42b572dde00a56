import type { ClusterSnapshot, Shard } from '@backpack/cluster-model'
import { describe, expect, test } from 'vitest'
import { pickShard } from '../src/pick-shard.js'
import { printedRandom } from './helpers/seeded-random.js'

const gigabyte = 2 ** 30
const nothingInFlight = new Map<string, number>()

function shard(id: string, fields: Partial<Shard> = {}): Shard {
  const node = { id: `n${id}`, host: 'localhost', port: 1, url: 'http://localhost:1' }
  return { id, nodes: [node], readOnly: false, capacityBytes: 100 * gigabyte, currentBytes: 0, ...fields }
}

function snapshotOf(shards: readonly Shard[]): ClusterSnapshot {
  return {
    servers: new Map(),
    shards: new Map(shards.map((each) => [each.id, each])),
    queue: undefined,
    daemons: [],
    problems: [],
  }
}

function pickOnce(shards: readonly Shard[], options: Partial<Parameters<typeof pickShard>[1]> = {}) {
  const picked = pickShard(snapshotOf(shards), {
    inFlightBytes: nothingInFlight,
    sizeBytes: 1,
    random: () => 0.5,
    ...options,
  })
  return picked?.id
}

/** Pearson's statistic of counts against expected shares. */
function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  return counts.reduce((sum, count, at) => {
    const expected = total * (shares[at] as number)
    return sum + (count - expected) ** 2 / expected
  }, 0)
}

/** Exceeded once in a million by chance, for two degrees of freedom: -2 ln(1e-6). */
const chiSquareMax = 27.6

describe('weights', () => {
  test.each([
    ['used 50, 50 and 0 %', [50, 50, 0], [0, 0, 0], [0.25, 0.25, 0.5]],
    ['with half of one in flight', [0, 0, 0], [50, 0, 0], [0.2, 0.4, 0.4]],
  ])('of shards %s follow their free ratio', (_, used, inFlight, shares) => {
    const random = printedRandom('picks')
    const shards = used.map((gigabytes, at) => shard(String(at), { currentBytes: gigabytes * gigabyte }))
    const inFlightBytes = new Map(inFlight.map((gigabytes, at) => [String(at), gigabytes * gigabyte]))
    const counts = [0, 0, 0]
    for (let pick = 0; pick < 10_000; pick++) {
      const id = pickOnce(shards, { inFlightBytes, random: () => random.next() })
      counts[Number(id)]!++
    }
    expect(chiSquare(counts, shares), `counts ${counts.join(', ')}`).toBeLessThan(chiSquareMax)
  })

  test('are ratios: a small empty shard is picked as often as a large one', () => {
    const shards = [shard('small', { capacityBytes: gigabyte }), shard('large')]
    expect(pickOnce(shards, { random: () => 0.49 })).toBe('small')
    expect(pickOnce(shards, { random: () => 0.51 })).toBe('large')
  })
})

describe('no shard is picked', () => {
  test.each<[string, Partial<Shard>]>([
    ['is read-only', { readOnly: true }],
    ['has no nodes', { nodes: [] }],
    ['is full', { currentBytes: 100 * gigabyte }],
    ['is fuller than full', { currentBytes: 120 * gigabyte }],
    ['has no published size', { capacityBytes: undefined }],
    ['has no capacity', { capacityBytes: 0 }],
  ])('when the only one %s', (_, fields) => {
    expect(pickOnce([shard('1', fields)])).toBeUndefined()
  })

  test('when there is none, or all are excluded', () => {
    expect(pickOnce([])).toBeUndefined()
    expect(pickOnce([shard('1'), shard('2')], { exclude: () => true })).toBeUndefined()
  })

  test('when what is in flight leaves no room', () => {
    const inFlightBytes = new Map([['1', 100 * gigabyte]])
    expect(pickOnce([shard('1')], { inFlightBytes })).toBeUndefined()
  })
})

test('a shard whose room is exactly the upload’s size is picked, one byte less is not', () => {
  const almostFull = shard('1', { currentBytes: 100 * gigabyte - 10 })
  expect(pickOnce([almostFull], { sizeBytes: 10 })).toBe('1')
  expect(pickOnce([almostFull], { sizeBytes: 11 })).toBeUndefined()
})

test('what is left over by a random number just below 1 goes to the last shard', () => {
  const shards = [shard('1'), shard('2'), shard('3', { readOnly: true })]
  expect(pickOnce(shards, { random: () => 1 - Number.EPSILON / 2 })).toBe('2')
  expect(pickOnce(shards, { random: () => 0 })).toBe('1')
})
