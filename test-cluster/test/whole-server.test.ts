// One server of three goes with all that is on it: stores, ZooKeeper, Redis, coordinator, replicator.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestCluster, until } from '../src/index.js'
import { isAlive } from './servers/process-states.js'

const limitMs = 120_000

describe('a cluster of three servers', () => {
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await TestCluster.start({ servers: 3 })
  })

  afterAll(async () => {
    await cluster.close()
  })

  it('serves uploads and reads without one of them, and makes its copies when it is back', {
    timeout: limitMs,
  }, async () => {
    const { shardId } = await cluster.put('before.txt', 'before')
    await cluster.untilCopied(shardId, 'before.txt')

    const lost = cluster.server(2)
    await lost.kill()
    expect(lost.members.map(({ pid }) => pid).filter(isAlive)).toEqual([])

    const names = Array.from({ length: 20 }, (_, count) => `without server 2: ${count}`)
    const shardOf = new Map<string, string>()
    for (const [count, name] of names.entries()) {
      const uploaded = await cluster.put(name, name, { through: count % 2 === 0 ? 1 : 3 })
      shardOf.set(name, uploaded.shardId)
    }
    for (const [name, id] of [...shardOf, ['before.txt', shardId] as const]) {
      for (const through of [1, 3]) expect((await cluster.read(id, name, { through })).status).toBe(200)
    }

    await lost.restart()
    await Promise.all([...shardOf].map(([name, id]) => cluster.untilCopied(id, name, limitMs)))
    await until(async () => (await cluster.queueLength()) === 0, 'the queue is empty', limitMs)
    expect((await cluster.read(shardId, 'before.txt', { through: 2 })).body.toString()).toBe('before')
  })
})
