// The choice of a shard under steady uploads: shards whose node is slow or fails are left, and get their part back when it
// is well again; soft and hard limits of free space, with stores that really fill up.
import { codeOf } from '@backpack/cluster-model'
import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import type { Coordinator } from '../../src/coordinator.js'
import { fullFaults } from '../helpers/fault-count.js'
import { smallCluster } from '../helpers/small-cluster.js'
import { delayingProxy, refusingProxy } from '../helpers/sick-proxies.js'
import { StoreNode } from '../helpers/store-node.js'
import { until } from '../helpers/until.js'

const photoBytes = 8_000
/** What a store takes beside the blob's bytes, at most. */
const needleBytesMax = 512
const delayMs = 200
/** What is promised. */
const leftWithinMs = 15_000
const backWithinMs = 60_000
/** A part is counted over so many first copies of a shard that is well, by what came in during so long at most. */
const countedMin = 150
/** So many while they are sick: over all the tries whether they are still. */
const sickMin = fullFaults ? 5_000 : 800
const rounds = fullFaults ? 3 : 1
const limitMs = rounds * 300_000

interface Uploads {
  /** First copies by shard since the last call. */
  take(): Map<string, number>
  stop(): Promise<void>
}

/** Uploads without a pause between, a few at once. Failed ones are for the coordinator to have tried elsewhere. */
function uploadSteadily(coordinator: Coordinator): Uploads {
  const ended = new AbortController()
  let counts = new Map<string, number>()
  let number = 0
  const workers = Array.from({ length: 4 }, async () => {
    while (!ended.signal.aborted) {
      const { shardId } = await coordinator.put(`steady/${number++}`, randomBytes(photoBytes))
      counts.set(shardId, (counts.get(shardId) ?? 0) + 1)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })
  return {
    take: () => {
      const taken = counts
      counts = new Map()
      return taken
    },
    stop: async () => {
      ended.abort()
      await Promise.all(workers)
    },
  }
}

/** What each shard got for one first copy of the healthy shard. */
async function parts(
  uploads: Uploads,
  healthyMin = countedMin,
): Promise<{ slow: number; failing: number; shown: string }> {
  uploads.take()
  const counts = new Map<string, number>()
  await until(
    () => {
      for (const [id, count] of uploads.take()) counts.set(id, (counts.get(id) ?? 0) + count)
      return (counts.get('1') ?? 0) >= healthyMin
    },
    `${healthyMin} first copies went to the healthy shard`,
    60_000,
  )
  const [healthy, slow, failing] = ['1', '2', '3'].map((id) => counts.get(id) ?? 0) as [
    number,
    number,
    number,
  ]
  const shown = `healthy ${healthy}, slow ${slow}, failing ${failing}`
  return { slow: slow / healthy, failing: failing / healthy, shown }
}

test.each([1, 2])(
  'shards with %i node(s), one slow and one failing, are left within 15 s and get their part back within 60 s',
  { timeout: limitMs },
  async (nodesPerShard) => {
    const { coordinator, slow, failing } = await sickCluster(nodesPerShard)
    const uploads = uploadSteadily(coordinator)
    onTestFinished(() => uploads.stop())
    await untilParts(uploads, ({ slow, failing }) => slow > 0.5 && failing > 0.5, 'all are well at first')
    for (let round = 1; round <= rounds; round++) {
      for (const proxy of [slow, failing]) proxy.setSick(true)
      const left = await untilParts(
        uploads,
        ({ slow, failing }) => slow < 0.1 && failing < 0.1,
        'both are left',
      )
      const stillLeft = await parts(uploads, sickMin)
      for (const proxy of [slow, failing]) proxy.setSick(false)
      const back = await untilParts(
        uploads,
        ({ slow, failing }) => slow > 0.5 && failing > 0.5,
        'both are back',
      )
      console.log(
        `${nodesPerShard} node(s) a shard, round ${round}: left after ${show(left.tookMs)} (${left.shown}; then ${stillLeft.shown}), ` +
          `back after ${show(back.tookMs)} (${back.shown})`,
      )
      expect(left.tookMs).toBeLessThanOrEqual(leftWithinMs)
      expect(Math.max(stillLeft.slow, stillLeft.failing)).toBeLessThan(0.1)
      expect(back.tookMs).toBeLessThanOrEqual(backWithinMs)
    }
  },
)

/** Counts again and again; gives the time from the call to the end of the first count for which it holds. */
async function untilParts(
  uploads: Uploads,
  holds: (parts: { slow: number; failing: number }) => boolean,
  what: string,
): Promise<{ tookMs: number; shown: string }> {
  const startedAtMs = performance.now()
  let shown = ''
  await until(
    async () => {
      const counted = await parts(uploads)
      shown = counted.shown
      return holds(counted)
    },
    `${what} (last: ${shown})`,
    120_000,
  )
  return { tookMs: performance.now() - startedAtMs, shown }
}

function show(tookMs: number): string {
  return `${(tookMs / 1000).toFixed(1)} s`
}

/** Shard 1 is well; the first node of shard 2 can be made slow, that of shard 3 made to fail. */
async function sickCluster(nodesPerShard: number) {
  const slow = await delayingProxy((await new StoreNode('21').start()).url, delayMs)
  const failing = await refusingProxy((await new StoreNode('31').start()).url)
  const { coordinator } = await smallCluster({
    nodesPerShard: [nodesPerShard, nodesPerShard, nodesPerShard],
    otherNodes: { 21: slow.url, 31: failing.url },
    limits: { probeFailedEveryMs: 1_000 },
  })
  return { coordinator, slow, failing }
}

test('a shard below the soft limit is written only when nothing better exists, one below the hard limit never', {
  timeout: limitMs,
}, async () => {
  const capacityBytes = 4 * 1024 * 1024
  const freeSpaceLimits = { soft: 0.2, hard: 0.15 }
  const cluster = await smallCluster({
    nodesPerShard: [1, 2, 1],
    capacityBytes,
    options: { freeSpaceLimits: () => freeSpaceLimits },
  })
  const usedOf = async (id: string) => (await cluster.node(id).store.stats()).usedBytes
  // 40 % free, 18 %, and 14 %.
  for (const [id, free] of Object.entries({ 11: 0.4, 22: 0.18, 31: 0.14 })) {
    const body = randomBytes((1 - free) * capacityBytes - (await usedOf(id)) - needleBytesMax)
    await cluster.node(id).store.put('filling', body)
  }
  await until(
    () =>
      ['1', '2', '3'].every(
        (id) => cluster.coordinator.snapshot.shards.get(id)!.currentBytes > capacityBytes / 2,
      ),
    'the sizes are published',
  )
  const before = await Promise.all(['11', '21', '22', '31'].map(usedOf))
  const got: string[] = []
  let refused: unknown
  let number = 0
  const worker = async () => {
    while (refused === undefined) {
      try {
        got.push(
          (await cluster.coordinator.put(`fill/${number++}`, randomBytes(photoBytes), { copies: 1 })).shardId,
        )
      } catch (error) {
        refused = error
      }
    }
  }
  await Promise.all(Array.from({ length: 4 }, worker))
  const used = await Promise.all(['11', '21', '22', '31'].map(usedOf))
  const free = used.map((bytes) => `${((1 - bytes / capacityBytes) * 100).toFixed(2)} %`)
  const first = got.indexOf('2')
  console.log(
    `${got.length} uploads until nothing fits; shard 2, below soft, got ${got.filter((id) => id === '2').length}, the first as number ${first}; ` +
      `free at the end: ${free.join(', ')}`,
  )
  expect(codeOf(refused)).toBe('OUT_OF_SPACE')
  expect(used[3]).toBe(before[3])
  const softBytes = (0.4 - freeSpaceLimits.soft) * capacityBytes
  expect(first).toBeGreaterThanOrEqual(Math.floor(softBytes / (photoBytes + 2 * needleBytesMax)) - 4)
  for (const bytes of used.slice(0, 3)) {
    expect(1 - bytes / capacityBytes).toBeGreaterThan(freeSpaceLimits.hard - needleBytesMax / capacityBytes)
  }
})
