import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { jsonOf, send } from './helpers/http-request.js'
import { dueTasks, type SmallCluster, smallCluster, untilSeen } from './helpers/small-cluster.js'

const name = 'cat ?.jpg'
const target = `/1:${encodeURIComponent(name)}`
const path = '/cat%20%3F.jpg'

/** Status of each node for the name, asked directly. */
async function statuses({ nodes }: SmallCluster): Promise<number[]> {
  return Promise.all(
    [...nodes.values()].map(async ({ url }) => (await send(Number(new URL(url).port), 'HEAD', path)).status),
  )
}

describe('a delete', () => {
  test('puts the same tombstone on every node at once, copied there or not', async () => {
    const cluster = await smallCluster({ nodesPerShard: [3] })
    await send(cluster.port, 'PUT', path, { body: 'meow' })
    const answer = await send(cluster.port, 'DELETE', target)
    expect(answer.status).toBe(204)
    const version = answer.headers['x-backpack-version']
    expect(version).toMatch(/^[0-9a-f]{16}$/)
    expect(await statuses(cluster)).toEqual([410, 410, 410])
    for (const { url } of cluster.nodes.values()) {
      const head = await send(Number(new URL(url).port), 'HEAD', path)
      expect(head.headers['x-backpack-version']).toBe(version)
    }
    expect((await send(cluster.port, 'GET', target)).status).toBe(410)
    // The tasks of the upload are still there; the tombstones will win over them.
    expect((await dueTasks(cluster.queue)).filter(({ task }) => task.op === 'delete')).toEqual([])
  })

  test('of what is not there is 404; a second one changes nothing', async () => {
    const cluster = await smallCluster()
    const missing = await send(cluster.port, 'DELETE', target)
    expect([missing.status, jsonOf(missing)['code']]).toEqual([404, 'NOT_FOUND'])
    await send(cluster.port, 'PUT', path, { body: 'meow' })
    const first = await send(cluster.port, 'DELETE', target)
    const second = await send(cluster.port, 'DELETE', target)
    expect([first.status, second.status]).toEqual([204, 204])
    expect(second.headers['x-backpack-version']).toBe(first.headers['x-backpack-version'])
    expect((await send(cluster.port, 'DELETE', `/9:${path.slice(1)}`)).status).toBe(404)
  })

  test('reaches a node that is away through the queue', async () => {
    const cluster = await smallCluster({ options: { copies: 2 } })
    await send(cluster.port, 'PUT', path, { body: 'meow' })
    await cluster.node('12').stop()
    const answer = await send(cluster.port, 'DELETE', target)
    expect(answer.status).toBe(204)
    const version = answer.headers['x-backpack-version']
    const tasks = (await dueTasks(cluster.queue)).map(({ task }) => task)
    expect(tasks).toEqual([{ op: 'delete', shard: '1', path, version, from: ['11'], to: '12' }])
  })

  test('does not wait for a node that is known to be away', async () => {
    const asked: string[] = []
    const sick = createServer((request, response) => {
      if (!request.url!.startsWith('/-/')) asked.push(request.url!)
      response.destroy()
    })
    onTestFinished(() => void sick.close())
    await once(sick.listen(0, '127.0.0.1'), 'listening')
    const url = `http://127.0.0.1:${(sick.address() as AddressInfo).port}`
    const cluster = await smallCluster({ otherNodes: { '12': url } })
    await send(cluster.port, 'PUT', path, { body: 'meow' })
    await untilSeen(cluster, '12', 'down')
    asked.length = 0
    expect((await send(cluster.port, 'DELETE', target)).status).toBe(204)
    const deletes = (await dueTasks(cluster.queue)).filter(({ task }) => task.op === 'delete')
    expect(deletes.map(({ task }) => task.to)).toEqual(['12'])
    expect((await send(cluster.port, 'DELETE', '/1:never-there')).status).toBe(503)
    expect(asked).toEqual([])
  })

  test('of what a node knows as deleted is queued for one that is away: it may have what came after', async () => {
    const cluster = await smallCluster({ options: { copies: 2 } })
    await send(cluster.port, 'PUT', path, { body: 'old' })
    await send(cluster.port, 'DELETE', target)
    await cluster.node('12').store.put(name, Buffer.from('uploaded again'))
    await cluster.node('12').stop()
    await untilSeen(cluster, '12', 'down')
    const answer = await send(cluster.port, 'DELETE', target)
    expect(answer.status).toBe(204)
    const tasks = (await dueTasks(cluster.queue)).map(({ task }) => task)
    expect(tasks).toMatchObject([
      { op: 'delete', path, version: answer.headers['x-backpack-version'], to: '12' },
    ])
  })

  test('wins over an overwrite on another node whose clock is ahead', async () => {
    const cluster = await smallCluster({ options: { copies: 2 } })
    await send(cluster.port, 'PUT', path, { body: 'old' })
    // On one node at a time, so that the other one is asked first in one of the two rounds.
    for (const [id, aheadMs] of [
      ['11', 20_000],
      ['12', 40_000],
    ] as const) {
      const version = BigInt(Date.now() + aheadMs) << 16n
      await cluster.node(id).store.put(name, Buffer.from('newer'), { version })
      expect((await send(cluster.port, 'DELETE', target)).status).toBe(204)
      expect(await statuses(cluster)).toEqual([410, 410])
      await send(cluster.port, 'PUT', path, { body: 'again' })
    }
  })

  test('followed by an upload of the same name shows the new blob', async () => {
    const cluster = await smallCluster()
    await send(cluster.port, 'PUT', path, { body: 'old' })
    await send(cluster.port, 'DELETE', target)
    await send(cluster.port, 'PUT', path, { body: 'new' })
    expect((await send(cluster.port, 'GET', target)).body.toString()).toBe('new')
  })
})
