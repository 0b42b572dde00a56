// The walk-through of the 2013 coordinator README, command for command: six stores on two servers, three shards, two
// coordinators, two replicators. Mended are its slips (shard 3 has id 3, store 6 a port of its own); hosts and ports are ours.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestCluster, until } from '../src/index.js'

describe('the walk-through of the 2013 README', () => {
  let cluster: TestCluster

  beforeAll(async () => {
    // "Installing Backpack instances. Run six of them", ZooKeeper, and "redis instances on one and two".
    cluster = await TestCluster.start({ shards: 'none' })
  })

  afterAll(async () => {
    await cluster.close()
  })

  it('works command for command, with the output of 2013', async () => {
    const run = (name: string, ...args: readonly string[]) =>
      cluster.command(`backpack-coordinator-${name}`, ...args)

    expect(await run('init', cluster.queueKey, cluster.redisServers)).toBe(
      'Servers map initialized\nShards map initialized\nQueue initialized\n',
    )

    for (const server of [1, 2]) {
      const coordinator = cluster.coordinator(await cluster.addCoordinator(server))
      const [, url] = await coordinator.printed(/^coordinator is ready!\nListening to (.+)\n/)
      expect(url).toBe(`${coordinator.url}/`)
    }

    for (const id of [1, 2, 3, 4, 5, 6]) {
      const { url } = cluster.store(id)
      expect(await run('add-server', String(id), url)).toBe(`Added ${url} as ${id}\n`)
    }

    for (const [id, nodes] of [
      ['1', '1,4'],
      ['2', '2,5'],
      ['3', '3,6'],
    ] as const) {
      expect(await run('add-shard', id, nodes, '100gb')).toBe(
        `Made shard ${id} of size 100gb that consist of nodes ${nodes}\n`,
      )
    }
    await until(async () => (await cluster.statsOf(2)).total_shards === 3, 'the coordinator knows the shards')
    await expect(cluster.put('early.txt', 'no shard is writable')).rejects.toThrow(/500 \{"error":/)

    expect(await run('enable-shard', '1')).toBe('Enabled shard 1 for writing\n')
    for (const id of [1, 2]) {
      await until(async () => (await cluster.statsOf(id)).writable_shards === 1, 'the shard is writable')
    }

    for (const server of [1, 2]) {
      await cluster
        .replicator(await cluster.addReplicator(server))
        .printed(/^Replicator is ready!\n[^]*Replicator started!\n/)
    }

    // echo 'hello, backpack!' > hello.txt; curl -X PUT -T hello.txt http://two:12002/hi.txt; curl http://one:10001/hi.txt
    const question = { method: 'PUT', path: '/hi.txt', body: 'hello, backpack!\n' } as const
    const answer = await cluster.ask(cluster.coordinator(2), question)
    expect([answer.status, answer.body.toString().trim()]).toEqual([200, '{"shard_id":"1"}'])
    await cluster.untilCopied('1', 'hi.txt')
    for (const id of [1, 4]) {
      expect((await cluster.getFrom(id, 'hi.txt')).body.toString()).toBe('hello, backpack!\n')
    }
    expect((await cluster.getFrom(2, 'hi.txt')).status).toBe(404)

    for (const id of ['2', '3']) await run('enable-shard', id)
    for (const id of [1, 2]) {
      await until(async () => (await cluster.statsOf(id)).writable_shards === 3, 'all shards are writable')
    }
    const uploads = Array.from({ length: 36 }, async (_, count) => {
      const [name, through] = [`photo ${count}?.jpg`, (count % 2) + 1]
      const { shardId } = await cluster.put(name, `bytes of ${name}`, { through })
      await cluster.untilCopied(shardId, name)
      const read = await cluster.read(shardId, name, { through: 3 - through })
      expect([read.status, read.body.toString()]).toEqual([200, `bytes of ${name}`])
      return shardId
    })
    expect([...new Set(await Promise.all(uploads))].sort()).toEqual(['1', '2', '3'])

    expect(JSON.parse(await run('dump-shards'))).toEqual(
      Object.fromEntries(
        [...cluster.shards].map(([id, nodes]) => [id, { enabled: true, nodes: placesOf(nodes) }]),
      ),
    )
    expect(await run('print-stats')).toMatch(
      /^Shards:\n1 \[1, 4\]: [^\n]+ \/ 100gb \(\d+%\) rw\n2 \[2, 5\]: [^]+\n3 \[3, 6\]: [^]+\nOverall: [^\n]+ \/ 300gb \(\d+%\)\n$/,
    )
    expect(await run('disable-shard', '3')).toBe('Shard 3 is read-only now\n')
    expect(await run('set-queue', cluster.queueKey, cluster.redisServers)).toBe('Queue info updated!\n')

    const status = await cluster.admin('status')
    for (const [id, nodes] of cluster.shards) {
      expect(status).toMatch(
        new RegExp(`^ *${id} +${id === '3' ? 'r' : 'rw'} .* ${nodes.join(' up, ')} up$`, 'm'),
      )
    }
    expect(status).toContain(`${cluster.queueKey} on ${cluster.redisServers}`)
    for (const { url } of cluster.coordinators.values()) expect(status).toContain(url)
  })

  function placesOf(nodes: readonly number[]): Record<string, { host: string; port: string }> {
    const place = (id: number) => ({ host: '127.0.0.1', port: String(cluster.store(id).port) })
    return Object.fromEntries(nodes.map((id) => [String(id), place(id)]))
  }
})
