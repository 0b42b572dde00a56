// Every task ends, whatever the network does to the connections it is done over.
import { expect, test } from 'vitest'
import { faultCount } from '../helpers/fault-count.js'
import { patternBytes } from '../helpers/pattern-bytes.js'
import { printedRandom, type SeededRandom } from '../helpers/seeded-random.js'
import { hashOf, SmallCluster } from '../helpers/small-cluster.js'
import type { Weather } from '../helpers/tcp-proxy.js'

const ids = ['1', '2', '3']

/** Every connection is cut sooner or later: a third at its beginning, a third late enough for the largest blob. */
function storm(random: SeededRandom): Weather {
  const ranges = [
    { least: 1, most: 2_000 },
    { least: 2_000, most: 200_000 },
    { least: 2_000_000, most: 6_000_000 },
  ]
  return {
    cutAfterBytes: () => {
      const { least, most } = random.pick(ranges)
      return random.between(least, most)
    },
  }
}

test('all tasks end well over a network that cuts connections at random', { timeout: 600_000 }, async () => {
  const random = printedRandom('flaky network')
  const count = faultCount('tasks over a flaky network', { short: 1_000, full: 10_000 })
  const cluster = await SmallCluster.start({
    shards: { '1': ids },
    proxied: ids,
    store: { durability: 'os' },
  })
  const blobs = Array.from({ length: count / 2 }, (_, at) => ({
    name: `blob ${at}`,
    data: patternBytes(
      random.chance(0.01) ? random.between(1_000_000, 1_500_000) : random.between(1, 20_000),
      at,
    ),
  }))
  const waiting = [...blobs]
  const upload = async () => {
    for (let blob = waiting.pop(); blob !== undefined; blob = waiting.pop()) {
      await cluster.upload(blob.name, blob.data, { to: ['2', '3'] })
    }
  }
  await Promise.all(Array.from({ length: 16 }, upload))
  for (const id of ids) cluster.proxy(id).weather = storm(random)
  const replicator = await cluster.replicate({
    limits: { probeEveryMs: 100, pauseMsMin: 100, pauseMsMax: 400 },
  })
  await cluster.drained(240_000)
  const stats = await replicator.stats()
  console.log(`copied ${stats.copied}, failed attempts ${stats.failed}, closed ${stats.closed}`)
  expect(stats).toMatchObject({ parked: 0, queue: { parked: 0 } })
  expect(stats.failed).toBeGreaterThan(count / 100)
  for (const { name, data } of blobs) {
    for (const id of ['2', '3']) {
      const copy = await cluster.read(id, name)
      if (copy === undefined || copy === 'deleted' || copy.hash !== hashOf(data)) {
        throw new Error(`${name} at ${id} is not what was uploaded`)
      }
    }
  }
})
