// Nodes that are stopped, silent, full or sick: uploads and reads go on elsewhere.
import { describe, expect, test } from 'vitest'
import { deadAddress, falseNode, silentNode } from './helpers/false-node.js'
import { jsonOf, patternBytes, send } from './helpers/http-request.js'
import { dueTasks, smallCluster, untilSeen } from './helpers/small-cluster.js'

const names = Array.from({ length: 12 }, (_, at) => `photo-${at}.jpg`)

/** If half of these waited for a silent node, their test would be too late. */
const manyRequests = 60
const silenceTestMs = 40_000

/** What a store says when its disk is full. */
const fullNode = () =>
  falseNode((request, response) => {
    request.resume()
    response.writeHead(507, { 'Content-Type': 'application/json' }).end('{"error":"full","code":"DISK_FULL"}')
  })

describe('an upload', () => {
  test.each([
    ['does not listen', deadAddress],
    ['is full', fullNode],
    ['answers nonsense', () => falseNode((_, response) => void response.writeHead(200).end('hello'))],
    ['cuts the connection', () => falseNode((request) => void request.socket.destroy())],
  ])('goes to the other node when one %s, with a task for that one', async (_, address) => {
    const { port, node, queue } = await smallCluster({ otherNodes: { 12: await address() } })
    for (const name of names) {
      expect((await send(port, 'PUT', `/${name}`, { body: name })).status).toBe(200)
      expect((await node('11').read(name))?.toString()).toBe(name)
    }
    const tasks = (await dueTasks(queue)).map(({ task }) => `${task.from.join()} → ${task.to}`)
    expect(tasks).toEqual(names.map(() => '11 → 12'))
  })

  test('that is large is sent again from its beginning', async () => {
    const { port, node } = await smallCluster({
      otherNodes: {
        12: await falseNode((request) => {
          request.once('data', () => request.socket.destroy())
        }),
      },
    })
    const body = patternBytes(5 * 1024 * 1024)
    for (const name of ['a', 'b', 'c', 'd']) {
      expect((await send(port, 'PUT', `/${name}`, { body })).status).toBe(200)
      expect((await node('11').read(name))?.equals(body)).toBe(true)
    }
  })

  test(
    'waits at most 5 s for a node that never answers, and the next one not at all',
    async () => {
      const { port, node } = await smallCluster({ otherNodes: { 12: await silentNode() } })
      const answers = await Promise.all(names.map((name) => send(port, 'PUT', `/${name}`, { body: name })))
      expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200))
      expect((await node('11').read(names[0]!))?.toString()).toBe(names[0])
      for (let at = 0; at < manyRequests; at++) {
        expect((await send(port, 'PUT', `/next-${at}`, { body: 'x' })).status).toBe(200)
      }
    },
    silenceTestMs,
  )

  test('goes to another shard when all nodes of one are away', async () => {
    const cluster = await smallCluster({ nodesPerShard: [2, 2] })
    await cluster.node('11').stop()
    await cluster.node('12').stop()
    for (const name of names) {
      const answer = await send(cluster.port, 'PUT', `/${name}`, { body: name })
      expect([answer.status, jsonOf(answer)]).toEqual([200, { shard_id: '2' }])
    }
  })

  test('is answered with 500 and an error, as in 2013, when no node takes it', async () => {
    const { port, queue } = await smallCluster({ otherNodes: { 11: await fullNode(), 12: await fullNode() } })
    const answer = await send(port, 'PUT', '/cat.jpg', { body: 'meow' })
    expect(answer.status).toBe(500)
    expect(jsonOf(answer)).toEqual({ error: expect.any(String) as string, code: 'NO_NODE_TOOK_IT' })
    expect(await dueTasks(queue)).toEqual([])
  })

  test('is answered with 500 and an error, as in 2013, when no shard is writable', async () => {
    const { port } = await smallCluster({ nodesPerShard: [] })
    const answer = await send(port, 'PUT', '/cat.jpg', { body: 'meow' })
    expect(answer.status).toBe(500)
    const error = 'No shard takes this upload: the model has no shards'
    expect(jsonOf(answer)).toEqual({ error, code: 'NO_WRITABLE_SHARD' })
  })

  test('larger than what is free goes nowhere, into the shard that was asked for neither', async () => {
    const { port } = await smallCluster({ capacityBytes: 1000 })
    const body = patternBytes(1001)
    expect((await send(port, 'PUT', '/a', { body })).status).toBe(500)
    const forced = await send(port, 'PUT', '/a', { body, headers: { 'X-Backpack-Shard': '1' } })
    expect([forced.status, jsonOf(forced)['code']]).toEqual([507, 'SHARD_FULL'])
  })

  test('returns to a node that is back', async () => {
    const cluster = await smallCluster()
    await cluster.node('12').stop()
    await untilSeen(cluster, '12', 'down')
    await cluster.node('12').start()
    await untilSeen(cluster, '12', 'up')
    for (const name of names) await send(cluster.port, 'PUT', `/${name}`, { body: name })
    const kept = await Promise.all(names.map((name) => cluster.node('12').read(name)))
    expect(kept.filter((bytes) => bytes !== undefined).length).toBeGreaterThan(0)
  })
})

describe('a read', () => {
  test('goes to the node that has the blob, whichever it is, also while another is away', async () => {
    const cluster = await smallCluster({ nodesPerShard: [3] })
    for (const name of names) await cluster.node('13').store.put(name, Buffer.from(name))
    const readAll = async () => {
      for (const name of names) {
        const answer = await send(cluster.port, 'GET', `/1:${name}`)
        expect([answer.status, answer.body.toString()]).toEqual([200, name])
      }
    }
    await readAll()
    await cluster.node('11').stop()
    await readAll()
  })

  test('is answered with 503 when not all nodes could be asked, with 404 when all say that it is not there', async () => {
    const cluster = await smallCluster()
    expect((await send(cluster.port, 'GET', '/1:cat.jpg')).status).toBe(404)
    await cluster.node('11').stop()
    for (const method of ['GET', 'HEAD', 'DELETE']) {
      const answer = await send(cluster.port, method, '/1:cat.jpg')
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
    }
    await cluster.node('12').stop()
    const answer = await send(cluster.port, 'GET', '/1:cat.jpg')
    expect([answer.status, jsonOf(answer)['code']]).toEqual([503, 'NODES_AWAY'])
    expect(answer.headers['retry-after']).toBe('1')
  })

  test('of a deleted blob is final, though another node still has it', async () => {
    const { port, node } = await smallCluster()
    for (const name of names) {
      for (const id of ['11', '12']) await node(id).store.put(name, Buffer.from(name))
      await node('11').store.delete(name)
    }
    const statuses = new Set<number>()
    for (const name of names) statuses.add((await send(port, 'GET', `/1:${name}`)).status)
    // By the order of its name, a blob is asked for at the one node first or at the other.
    expect(statuses).toEqual(new Set([200, 410]))
    const gone = await send(
      port,
      'GET',
      `/1:${await firstOf(names, async (name) => (await send(port, 'HEAD', `/1:${name}`)).status === 410)}`,
    )
    expect(jsonOf(gone)).toMatchObject({ code: 'DELETED' })
    expect(gone.headers['x-backpack-version']).toMatch(/^[0-9a-f]{16}$/)
  })

  test('of a damaged blob comes from the other node', async () => {
    const { port, node } = await smallCluster({
      otherNodes: {
        12: await falseNode((_, response) => {
          response
            .writeHead(500, { 'Content-Type': 'application/json' })
            .end('{"error":"damaged","code":"BLOB_DAMAGED"}')
        }),
      },
    })
    for (const name of names) {
      await node('11').store.put(name, Buffer.from(name))
      expect((await send(port, 'GET', `/1:${name}`)).body.toString()).toBe(name)
    }
  })

  test('moves on when a node fails between its headers and its first byte', async () => {
    const { port, node } = await smallCluster({
      otherNodes: {
        12: await falseNode((request, response) => {
          response.writeHead(200, { 'Content-Length': '1000' })
          response.flushHeaders()
          setTimeout(() => request.socket.destroy(), 20)
        }),
      },
    })
    for (const name of names) {
      await node('11').store.put(name, Buffer.from(name))
      expect((await send(port, 'GET', `/1:${name}`)).body.toString()).toBe(name)
    }
  })

  test('whose node fails in the middle ends the connection: never a short 200', async () => {
    const { port } = await smallCluster({
      nodesPerShard: [1],
      otherNodes: {
        11: await falseNode((request, response) => {
          response.writeHead(200, { 'Content-Length': '1000' })
          response.write('x'.repeat(500))
          setTimeout(() => request.socket.destroy(), 20)
        }),
      },
    })
    await expect(send(port, 'GET', '/1:cat.jpg')).rejects.toThrow()
  })

  test(
    'waits at most 5 s for a node that never answers, and the next one not at all',
    async () => {
      const { port, node } = await smallCluster({ otherNodes: { 12: await silentNode() } })
      for (const name of names) await node('11').store.put(name, Buffer.from(name))
      const answers = await Promise.all(names.map((name) => send(port, 'GET', `/1:${name}`)))
      expect(answers.map(({ body }) => body.toString())).toEqual(names)
      for (let at = 0; at < manyRequests; at++) {
        expect((await send(port, 'GET', `/1:${names[at % names.length]}`)).status).toBe(200)
      }
    },
    silenceTestMs,
  )
})

async function firstOf<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<T> {
  for (const item of items) if (await holds(item)) return item
  throw new Error('None of them')
}
