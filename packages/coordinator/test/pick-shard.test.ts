import type { Shard } from '@backpack/cluster-model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Measurements, NodeMeasurement } from '../src/measure/measurements.js'
import { drawShard, inQuestion, isRated, pickShard, type RatedShard, scoreShards } from '../src/pick-shard.js'
import { gigabyte, healthyNode, measured, shardOf, snapshotOf } from './helpers/measured.js'
import { printedRandom } from './helpers/seeded-random.js'

const photoBytes = 16 * 1024

function pickOnce(shards: readonly Shard[], measurements: Measurements = measured(), sizeBytes = 1) {
  return pickShard(snapshotOf(shards), measurements, sizeBytes)?.id
}

function scoreOf(shard: Shard, measurements: Measurements = measured(), sizeBytes = photoBytes) {
  return scoreShards(snapshotOf([shard]), measurements, sizeBytes)[0]!
}

function rated(shard: Shard, measurements?: Measurements, sizeBytes?: number): RatedShard {
  const score = scoreOf(shard, measurements, sizeBytes)
  if (!isRated(score)) throw new Error(`Shard ${shard.id} is excluded: ${score.excluded.reason}`)
  return score
}

function exclusion(shard: Shard, measurements?: Measurements, sizeBytes?: number): string | undefined {
  const score = scoreOf(shard, measurements, sizeBytes)
  return isRated(score) ? undefined : score.excluded.code
}

function nodeWith(fields: Partial<NonNullable<NodeMeasurement['figures']>>): Partial<NodeMeasurement> {
  return { figures: { ...healthyNode.figures!, ...fields } }
}

function writing(usPerByte: number): Partial<NodeMeasurement> {
  return { write: { usPerByte, confidence: 1 } }
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
  ])(
    'of shards %s follow their free ratio while nothing else tells them apart',
    (_, used, inFlight, shares) => {
      const random = printedRandom('picks')
      const shards = used.map((gigabytes, at) => shardOf(String(at), { currentBytes: gigabytes * gigabyte }))
      const inFlightBytes = new Map(inFlight.map((gigabytes, at) => [String(at), gigabytes * gigabyte]))
      const counts = [0, 0, 0]
      for (let pick = 0; pick < 10_000; pick++) {
        const id = pickOnce(shards, measured({ inFlightBytes, random: () => random.next() }))
        counts[Number(id)]!++
      }
      expect(chiSquare(counts, shares), `counts ${counts.join(', ')}`).toBeLessThan(chiSquareMax)
    },
  )

  test('are ratios: a small empty shard is picked as often as a large one', () => {
    const shards = [shardOf('small', { capacityBytes: gigabyte }), shardOf('large')]
    expect(pickOnce(shards, measured({ random: () => 0.49 }))).toBe('small')
    expect(pickOnce(shards, measured({ random: () => 0.51 }))).toBe('large')
  })
})

describe('pain', () => {
  test('of an empty shard that nothing is known against is 5,000 per node', () => {
    expect(rated(shardOf('1', {}, 3))).toMatchObject({ pain: 15_000, weight: 1 / 15_000, softlyFull: false })
  })

  test('has for each node the measured time per byte, times the bytes', () => {
    const nodes = { 11: writing(0.5), 12: writing(1.5) }
    const measurements = measured({ usualUsPerByte: 1.5, nodes })
    expect(rated(shardOf('1', {}, 2), measurements, 100_000).factors.writePain).toBeCloseTo(200_000)
  })

  test('grows with the square of how much slower than usual a node is', () => {
    const painOf = (usPerByte: number, usualUsPerByte: number) => {
      const measurements = measured({ usualUsPerByte, nodes: { 11: writing(usPerByte) } })
      return rated(shardOf('1'), measurements, 100_000).factors.writePain
    }
    expect(painOf(10, 1)).toBeCloseTo(1_000_000 * 10)
    expect(painOf(1, 1)).toBeCloseTo(100_000)
    // What takes less than 5 ms is not slow, whatever the others need.
    expect(painOf(0.05, 0.001)).toBeCloseTo(5_000)
    expect(painOf(0.1, 0.001)).toBeCloseTo(10_000 * 2)
  })

  test('takes the smallest uploads for 16 KiB: a request costs what it costs', () => {
    const measurements = measured({ usualUsPerByte: 1, nodes: { 11: writing(1) } })
    expect(rated(shardOf('1'), measurements, 1).factors.writePain).toBe(16 * 1024)
  })

  test('of a node that nobody uploaded to lately is more and more the usual one', () => {
    const painAt = (confidence: number) => {
      const nodes = { 11: { write: { usPerByte: 9, confidence } } }
      return rated(shardOf('1'), measured({ usualUsPerByte: 1, nodes }), 100_000).factors.writePain
    }
    expect([1, 0.5, 0].map(painAt)).toEqual([900_000 * 9, 500_000 * 5, 100_000])
    const never = measured({ usualUsPerByte: 1 })
    expect(rated(shardOf('1'), never, 100_000).factors.writePain).toBe(100_000)
  })

  test('is huge for a node that does not answer, and for one that nothing is known of', () => {
    const away = rated(shardOf('1', {}, 2), measured({ nodes: { 12: { up: false } } }))
    const unknown = rated(shardOf('1', {}, 2), measured({ nodes: { 12: { figures: undefined } } }))
    expect(away.pain).toBeGreaterThan(unknown.pain)
    expect(unknown.pain).toBeGreaterThan(1_000 * rated(shardOf('1', {}, 2)).pain)
  })

  test.each([
    ['a hundred blobs, as many as may be on their way', 1_000, 900, 0],
    ['one blob more than that', 1_000, 899, 1_000],
    ['a hundredth of very many', 10_000_000, 9_900_000, 0],
    ['all of them, as one that is being repaired', 10_000_000, 0, 5_000],
  ])('of a shard whose nodes differ by %s', (_, one, other, pain) => {
    const nodes = { 11: nodeWith({ blobs: one }), 12: nodeWith({ blobs: other }) }
    expect(rated(shardOf('1', {}, 2), measured({ nodes })).factors.imbalancePain).toBe(pain)
  })

  test('of a shard under repair leaves it two thirds of the part that it would have', () => {
    const nodes = { 11: nodeWith({ blobs: 10_000_000 }), 12: nodeWith({ blobs: 0 }) }
    const whole = rated(shardOf('1', {}, 2))
    const lagging = rated(shardOf('1', {}, 2), measured({ nodes }))
    expect(lagging.weight / whole.weight).toBeCloseTo(2 / 3)
  })
})

describe('a shard is excluded', () => {
  test.each<[string, Partial<Shard>]>([
    ['read-only', { readOnly: true }],
    ['no-nodes', { nodes: [] }],
    ['no-room', { currentBytes: 100 * gigabyte }],
    ['no-room', { currentBytes: 120 * gigabyte }],
    ['size-unknown', { capacityBytes: undefined }],
    ['no-room', { capacityBytes: 0 }],
    ['max-size', { usedBytesMax: 1 }],
    ['max-key-num', { blobsMax: 0 }],
  ])('as %s when the model says %j', (code, fields) => {
    expect(exclusion(shardOf('1', fields))).toBe(code)
    expect(pickOnce([shardOf('1', fields)], measured(), photoBytes)).toBeUndefined()
  })

  test('when what is in flight leaves no room', () => {
    const inFlightBytes = new Map([['1', 100 * gigabyte]])
    expect(exclusion(shardOf('1'), measured({ inFlightBytes }))).toBe('no-room')
  })

  test('when its fullest node has no room, whatever size is published', () => {
    const nodes = { 12: nodeWith({ usedBytes: 100 * gigabyte }) }
    expect(exclusion(shardOf('1', {}, 2), measured({ nodes }))).toBe('no-room')
  })

  test('when a node’s disk has no room but its reserve, with what is on its way', () => {
    const nodes = { 12: nodeWith({ availableBytes: photoBytes }) }
    expect(exclusion(shardOf('1', {}, 2), measured({ nodes }))).toBeUndefined()
    expect(exclusion(shardOf('1', {}, 2), measured({ nodes }), photoBytes + 1)).toBe('disk-reserve')
    const inFlightBytes = new Map([['1', 1]])
    expect(exclusion(shardOf('1', {}, 2), measured({ nodes, inFlightBytes }))).toBe('disk-reserve')
  })

  test('when a node has as many blobs as it may have', () => {
    const nodes = { 12: nodeWith({ blobs: 7 }) }
    expect(exclusion(shardOf('1', { blobsMax: 8 }, 2), measured({ nodes }))).toBeUndefined()
    expect(exclusion(shardOf('1', { blobsMax: 7 }, 2), measured({ nodes }))).toBe('max-key-num')
    const inFlightUploads = new Map([['1', 1]])
    expect(exclusion(shardOf('1', { blobsMax: 8 }, 2), measured({ nodes, inFlightUploads }))).toBe(
      'max-key-num',
    )
  })

  test('not by a node that says neither how much it takes nor how many it has', () => {
    const figures = { usedBytes: 0, availableBytes: undefined, blobs: undefined }
    expect(exclusion(shardOf('1', { blobsMax: 1 }), measured({ nodes: { 11: { figures } } }))).toBeUndefined()
  })

  test('with a sentence that says by how much', () => {
    const score = scoreOf(shardOf('1', { capacityBytes: 1000, currentBytes: 999 }), measured(), 10)
    expect(score).toMatchObject({
      excluded: { reason: '1009 bytes would be more than its capacity, 1000' },
    })
  })
})

describe('with a soft limit of 20 and a hard one of 15 %', () => {
  const freeSpaceLimits = { soft: 0.2, hard: 0.15 }
  const used = (id: string, gigabytes: number) => shardOf(id, { currentBytes: gigabytes * gigabyte })

  test('a shard below soft is not picked while there is a better one', () => {
    const shards = [used('1', 81), used('2', 79), used('3', 83)]
    const random = printedRandom('soft limit')
    const picks = Array.from({ length: 1_000 }, () => {
      return pickOnce(shards, measured({ freeSpaceLimits, random: () => random.next() }))
    })
    expect(new Set(picks)).toEqual(new Set(['2']))
  })

  test('shards below soft share the uploads when nothing better exists', () => {
    const shards = [used('1', 81), used('2', 82), used('3', 86)]
    expect(pickOnce(shards, measured({ freeSpaceLimits, random: () => 0 }))).toBe('1')
    expect(pickOnce(shards, measured({ freeSpaceLimits, random: () => 0.999 }))).toBe('2')
  })

  test('a shard is never written below hard, the upload itself counted', () => {
    const shard = shardOf('1', { capacityBytes: 1_000, currentBytes: 800 })
    expect(exclusion(shard, measured({ freeSpaceLimits }), 50)).toBeUndefined()
    expect(exclusion(shard, measured({ freeSpaceLimits }), 51)).toBe('hard-limit')
    expect(pickOnce([shard], measured({ freeSpaceLimits }), 51)).toBeUndefined()
  })
})

test('a shard whose room is exactly the upload’s size is picked, one byte less is not', () => {
  const almostFull = shardOf('1', { currentBytes: 100 * gigabyte - 10 })
  expect(pickOnce([almostFull], measured(), 10)).toBe('1')
  expect(pickOnce([almostFull], measured(), 11)).toBeUndefined()
})

test('without shards there is nothing to pick', () => {
  expect(pickOnce([])).toBeUndefined()
})

test('what is left over by a random number just below 1 goes to the last shard', () => {
  const shards = [shardOf('1'), shardOf('2'), shardOf('3', { readOnly: true })]
  expect(pickOnce(shards, measured({ random: () => 1 - Number.EPSILON / 2 }))).toBe('2')
  expect(pickOnce(shards, measured({ random: () => 0 }))).toBe('1')
})

describe('for any cluster', () => {
  const ratio = fc.double({ min: 0, max: 1, noNaN: true })
  const node = fc.record({
    up: fc.boolean(),
    figures: fc.option(
      fc.record({
        usedBytes: fc.nat(2_000_000),
        availableBytes: fc.option(fc.nat(2_000_000), { nil: undefined }),
        blobs: fc.option(fc.nat(10_000_000), { nil: undefined }),
      }),
      { nil: undefined },
    ),
    write: fc.option(
      fc.record({ usPerByte: fc.double({ min: 0, max: 100, noNaN: true }), confidence: ratio }),
      {
        nil: undefined,
      },
    ),
  })
  const shard = fc.record({
    readOnly: fc.boolean(),
    capacityBytes: fc.option(fc.nat(2_000_000), { nil: undefined }),
    currentBytes: fc.nat(2_000_000),
    usedBytesMax: fc.option(fc.nat(2_000_000), { nil: undefined }),
    blobsMax: fc.option(fc.nat(10_000_000), { nil: undefined }),
    nodeCount: fc.nat(3),
    inFlightBytes: fc.nat(100_000),
  })
  const cluster = fc.record({
    shards: fc.array(shard, { maxLength: 6 }),
    nodes: fc.array(node, { minLength: 4, maxLength: 18 }),
    soft: ratio,
    hard: ratio,
    sizeBytes: fc.integer({ min: 1, max: 500_000 }),
    random: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  })

  test('the pick is a shard that is not excluded, keeps the limits, and is better than nothing', () => {
    fc.assert(
      fc.property(cluster, ({ shards, nodes, soft, hard, sizeBytes, random }) => {
        const all = shards.map(({ nodeCount, inFlightBytes: _, ...fields }, at) => {
          return shardOf(String(at), fields, nodeCount)
        })
        const byId = new Map(
          all.flatMap((each) => each.nodes).map(({ id }, at) => [id, nodes[at % nodes.length]!]),
        )
        const measurements: Measurements = {
          ...measured({ freeSpaceLimits: { soft, hard }, random: () => random }),
          inFlightBytes: new Map(shards.map(({ inFlightBytes }, at) => [String(at), inFlightBytes])),
          node: (id) => byId.get(id)!,
        }
        const scores = scoreShards(snapshotOf(all), measurements, sizeBytes)
        const picked = drawShard(scores, () => random)
        expect(picked).toBe(pickShard(snapshotOf(all), measurements, sizeBytes))
        expect(picked === undefined).toBe(scores.every((score) => !isRated(score)))
        for (const { weight, pain } of scores.filter(isRated)) {
          expect(pain).toBeGreaterThan(0)
          expect(Number.isFinite(weight) && weight > 0).toBe(true)
        }
        if (picked === undefined) return
        const { capacityBytes = 0, currentBytes, readOnly, id, usedBytesMax = Infinity } = picked
        const takenBytes = currentBytes + (measurements.inFlightBytes.get(id) ?? 0) + sizeBytes
        expect(readOnly).toBe(false)
        expect(takenBytes).toBeLessThanOrEqual(Math.min(capacityBytes, usedBytesMax))
        expect(1 - takenBytes / capacityBytes).toBeGreaterThanOrEqual(hard)
        const softlyFull = scores.filter(isRated).find((score) => score.shard === picked)?.softlyFull
        if (softlyFull === true) expect(inQuestion(scores).every((score) => score.softlyFull)).toBe(true)
      }),
    )
  })
})
