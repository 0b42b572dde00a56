// Copies, overwrites and deletes in a healthy cluster, and beside a node that comes back. That shards are picked by their
// free ratio (25, 25, 50 % of 10,000 picks) is shown by packages/coordinator/test/pick-shard.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestCluster, until, type Uploaded } from '../../src/index.js'
import { atOnce, passed } from '../helpers/at-once.js'
import { faultCount, fullFaults } from '../helpers/fault-count.js'
import { oddNames, sparePathOf } from '../helpers/odd-names.js'
import { untilQueueEmpty } from '../helpers/redis-tasks.js'
import { printedRandom, type SeededRandom } from '../helpers/seeded-random.js'

const limitMs = fullFaults ? 1_800_000 : 180_000
const copiedMs = 30_000
const drainedMs = 90_000
const mebibyte = 1024 * 1024
/** Both servers of shard 1 have it: the second is the one that goes and comes back. */
const [shardId, lostStore] = ['1', 4] as const

describe('a healthy cluster of two servers', () => {
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await TestCluster.start()
  }, limitMs)

  afterAll(async () => {
    await cluster.close()
  })

  it('brings every acknowledged blob to all nodes of its shard, whatever its name', {
    timeout: limitMs,
  }, async () => {
    const random = printedRandom('copies')
    const names = oddNames(faultCount('copies', { short: 80, full: 2_000 }), random)
    const lagsMs: number[] = []
    await atOnce(4, names, async (name, at) => {
      const body = random.bytes(sizeOf(at, random))
      const through = (at % 2) + 1
      const uploaded = await cluster.put(name, body, { through })
      const acknowledgedAtMs = performance.now()
      await cluster.untilCopied(uploaded.shardId, name, copiedMs)
      lagsMs.push(performance.now() - acknowledgedAtMs)
      await expectEverywhere(name, uploaded, body)
      const spare = `/${uploaded.shardId}:${sparePathOf(name).slice(1)}`
      const read = await cluster.ask(cluster.coordinator(through), { path: spare })
      expectSame(read, uploaded, body, `${name} through the coordinator as ${spare}`)
    })
    lagsMs.sort((one, other) => one - other)
    const at = (share: number) => Math.round(lagsMs[Math.ceil(lagsMs.length * share) - 1] ?? 0)
    console.log(`from the answer to all copies: median ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`)
  })

  it('ends with the last overwrite on every node, whenever it comes', { timeout: limitMs }, async () => {
    const random = printedRandom('overwrites')
    const count = faultCount('overwritten names', { short: 40, full: 600 })
    const last = new Map<string, { uploaded: Uploaded; body: Buffer }>()
    await atOnce(8, namesOf('overwritten', count), async (name) => {
      let body = random.bytes(random.between(1, 3_000))
      let uploaded = await cluster.put(name, body)
      for (let overwrites = random.between(1, 4); overwrites > 0; overwrites--) {
        await passed(random.between(0, 40))
        const before = uploaded
        body = random.bytes(random.between(1, 3_000))
        const headers = { 'X-Backpack-Shard': before.shardId }
        uploaded = await cluster.put(name, body, { through: random.between(1, 2), headers })
        expect(uploaded.version > before.version, `${name}: ${before.version}, ${uploaded.version}`).toBe(
          true,
        )
      }
      last.set(name, { uploaded, body })
    })
    for (const [name, { uploaded, body }] of last) await untilEverywhere(name, uploaded, body)
    // What is left in the queue is older, and must change nothing.
    await untilQueueEmpty(cluster, drainedMs)
    for (const [name, { uploaded, body }] of last) await expectEverywhere(name, uploaded, body)
  })

  it('ends with one of two overwrites that race, the same on every node', { timeout: limitMs }, async () => {
    const random = printedRandom('racing overwrites')
    const count = faultCount('racing overwrites', { short: 30, full: 400 })
    await atOnce(4, namesOf('raced', count), async (name) => {
      const first = await cluster.put(name, 'first')
      const headers = { 'X-Backpack-Shard': first.shardId }
      const racing = await Promise.all(
        [1, 2].map(async (through) => {
          const body = random.bytes(random.between(1, 3_000))
          await passed(random.between(0, 5))
          return { body, uploaded: await cluster.put(name, body, { through, headers }) }
        }),
      )
      const [winner] = racing.sort((one, other) => (one.uploaded.version < other.uploaded.version ? 1 : -1))
      if (winner !== undefined) await untilEverywhere(name, winner.uploaded, winner.body)
    })
    await untilQueueEmpty(cluster, drainedMs)
  })

  it.each(['run', 'have every copy still before them'])(
    'keeps a blob deleted that is deleted right after its upload, while replicators %s',
    { timeout: limitMs },
    async (replicators) => {
      const random = printedRandom('deletes')
      const count = faultCount('deletes', { short: 40, full: 600 })
      const frozen = replicators === 'run' ? [] : [1, 2].map((id) => cluster.replicator(id))
      const shardOf = new Map<string, string>()
      try {
        for (const replicator of frozen) replicator.freeze()
        await atOnce(8, namesOf(`deleted, replicators ${replicators}`, count), async (name) => {
          const uploaded = await cluster.put(name, name, { through: random.between(1, 2) })
          await passed(random.between(0, 20))
          await deleteBlob(name, uploaded.shardId, random.between(1, 2))
          shardOf.set(name, uploaded.shardId)
        })
      } finally {
        for (const replicator of frozen) replicator.thaw()
      }
      await untilQueueEmpty(cluster, drainedMs)
      for (const [name, shard] of shardOf) await expectDeleted(name, shard)
    },
  )

  it('keeps blobs deleted that were deleted while a node was away that has them', {
    timeout: limitMs,
  }, async () => {
    const random = printedRandom('a node away')
    const count = faultCount('deletes beside a node that is away', { short: 30, full: 300 })
    const headers = { 'X-Backpack-Shard': shardId }
    const put = (name: string, body: Buffer) => {
      return cluster.put(name, body, { headers, through: random.between(1, 2) })
    }
    const [early, late, anew] = ['early', 'late', 'anew'].map((kind) => namesOf(kind, count)) as [
      string[],
      string[],
      string[],
    ]
    const before = [...early, ...anew]
    await atOnce(4, before, async (name) => void (await put(name, Buffer.from(name))))
    for (const name of before) await cluster.untilCopied(shardId, name)
    const alive = new Map<string, { uploaded: Uploaded; body: Buffer }>()
    await cluster.store(lostStore).kill()
    await atOnce(4, [...early, ...late, ...anew], async (name, at) => {
      if (late.includes(name)) await put(name, Buffer.from(name))
      await passed(random.between(0, 5))
      await deleteBlob(name, shardId, (at % 2) + 1)
      if (!anew.includes(name)) return
      const body = random.bytes(100)
      alive.set(name, { uploaded: await put(name, body), body })
    })
    await cluster.store(lostStore).restart()
    await untilQueueEmpty(cluster, drainedMs)
    for (const name of [...early, ...late]) await expectDeleted(name, shardId)
    for (const [name, { uploaded, body }] of alive) await expectEverywhere(name, uploaded, body)
  })

  async function deleteBlob(name: string, shard: string, through: number): Promise<void> {
    const path = `/${shard}:${sparePathOf(name).slice(1)}`
    const { status, body } = await cluster.ask(cluster.coordinator(through), { method: 'DELETE', path })
    expect(status, `DELETE ${name}: ${body.toString()}`).toBe(204)
  }

  async function expectDeleted(name: string, shard: string): Promise<void> {
    const nodes = cluster.nodesOf(shard).map((id) => cluster.getFrom(id, name))
    const statuses = (await Promise.all([...nodes, cluster.read(shard, name)])).map(({ status }) => status)
    expect(statuses, name).toEqual(statuses.map(() => 410))
  }

  /** At each node, and through both coordinators. */
  async function expectEverywhere(name: string, uploaded: Uploaded, body: Buffer): Promise<void> {
    for (const id of cluster.nodesOf(uploaded.shardId)) {
      expectSame(await cluster.getFrom(id, name), uploaded, body, `${name} at store ${id}`)
    }
    for (const through of [1, 2]) {
      const read = await cluster.read(uploaded.shardId, name, { through })
      expectSame(read, uploaded, body, `${name} through coordinator ${through}`)
    }
  }

  async function untilEverywhere(name: string, uploaded: Uploaded, body: Buffer): Promise<void> {
    const holds = () => expectEverywhere(name, uploaded, body).then(() => true)
    await until(holds, `${name} is ${uploaded.version} everywhere`, copiedMs)
  }
})

/** Most are small; some go through a spool file. */
function sizeOf(at: number, random: SeededRandom): number {
  if (at % 100 === 50) return random.between(mebibyte, 3 * mebibyte)
  return random.between(1, at % 10 === 5 ? 200_000 : 4_000)
}

function namesOf(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${kind}/${number}?.jpg`)
}

function expectSame(
  answer: { status: number; headers: Readonly<Record<string, unknown>>; body: Buffer },
  { etag }: Uploaded,
  body: Buffer,
  where: string,
): void {
  expect([answer.status, answer.headers['etag'], answer.body.equals(body)], where).toEqual([200, etag, true])
}
