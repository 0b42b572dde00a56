import { beforeEach, describe, expect, test } from 'vitest'
import {
  addServer,
  addShard,
  initCluster,
  removeServer,
  resizeShard,
  setQueue,
  setShardWritable,
} from '../../src/edit/edit-cluster.js'
import { readCluster } from '../../src/read-cluster.js'
import type { ClusterTree } from '../../src/tree/cluster-tree.js'
import { dumpTree, treeKinds, useTreeHome } from '../tree-homes.js'
import { interceptTree } from './intercept-tree.js'

const gb = 2 ** 30
const refuse = { ifExists: 'refuse' } as const

describe.each(treeKinds)('edits in a tree of the kind %s', (kind) => {
  const home = useTreeHome(kind)
  let tree: ClusterTree

  beforeEach(async () => {
    tree = await home.open()
    await initCluster(tree, { queueKey: 'q', queueServers: [{ host: 'one', port: 13_001 }] })
    await addServer(tree, { id: '1', url: 'http://one:10001', ...refuse })
    await addServer(tree, { id: '4', url: 'http://two:10004', ...refuse })
    await addShard(tree, { id: '1', nodes: ['1', '4'], capacityBytes: 100 * gb, ...refuse })
  })

  test('make what the tools of 2013 read', async () => {
    await setShardWritable(tree, { id: '1', writable: true })
    await addServer(tree, { id: '7', url: 'http://three:1', ...refuse })
    await removeServer(tree, { id: '7' })
    await resizeShard(tree, { id: '1', capacityBytes: 150 * gb })
    await setQueue(tree, { key: 'r', servers: [{ host: 'two', port: 2 }] })
    expect(await dumpTree(tree)).toEqual({
      '/queue': '1 {"key":"r","servers":[{"host":"two","port":"2"}]}',
      '/servers-map': '4 {"1":{"host":"one","port":"10001"},"4":{"host":"two","port":"10004"}}',
      '/shard-size-1': `1 {"capacity":${150 * gb},"current":0}`,
      '/shards-map': '2 {"1":{"nodes":["1","4"]}}',
    })
  })

  test('that would change nothing write nothing', async () => {
    const before = await dumpTree(tree)
    const report = await setShardWritable(tree, { id: '1', writable: false })
    expect(report).toEqual({ done: ['Shard 1 is read-only now'], warnings: [], changed: false })
    expect(await dumpTree(tree)).toEqual(before)
  })

  test('that are dry runs report the same and write nothing, also while another admin edits', async () => {
    const before = await dumpTree(tree)
    await tree.create('/edit-lock', Buffer.from('{}'), { ephemeral: true })
    const dry = { dryRun: true }
    const request = { id: '7', url: 'http://three:1', ...refuse }
    expect(await addServer(tree, request, dry)).toEqual({
      done: ['Added http://three:1 as 7'],
      warnings: [],
      changed: true,
    })
    await resizeShard(tree, { id: '1', capacityBytes: gb }, dry)
    await setQueue(tree, { key: 'other', servers: [{ host: 'x', port: 1 }] }, dry)
    await expect(removeServer(tree, { id: '1' }, dry)).rejects.toMatchObject({ code: 'EDIT_REFUSED' })
    expect(await dumpTree(tree)).toEqual(before)
  })

  test('that are refused change nothing and leave the lock free', async () => {
    const before = await dumpTree(tree)
    await expect(removeServer(tree, { id: '1' })).rejects.toMatchObject({ code: 'EDIT_REFUSED' })
    await expect(
      addShard(tree, { id: '../x', nodes: ['1'], capacityBytes: 1, ...refuse }),
    ).rejects.toMatchObject({ code: 'EDIT_REFUSED' })
    expect(await dumpTree(tree)).toEqual(before)
    expect(await tree.get('/edit-lock')).toBeUndefined()
  })

  test('never overwrite a znode that cannot be understood', async () => {
    const node = await tree.get('/servers-map')
    await tree.set('/servers-map', Buffer.from('{"1":'), node?.version ?? 0)
    const request = { id: '9', url: 'http://nine:1', ...refuse }
    await expect(addServer(tree, request)).rejects.toMatchObject({ code: 'MODEL_INVALID' })
    expect((await tree.get('/servers-map'))?.data.toString()).toBe('{"1":')
  })

  test('keep a write that somebody makes without the lock in the same moment', async () => {
    let interfered = 0
    const slow = interceptTree(tree, {
      beforeWrite: async (path) => {
        if (path !== '/shard-size-1' || interfered++ > 0) return
        const node = await tree.get(path)
        const published = Buffer.from(JSON.stringify({ capacity: 100 * gb, current: 5 }))
        await tree.set(path, published, node?.version ?? 0)
      },
    })
    await resizeShard(slow, { id: '1', capacityBytes: 7 * gb })
    expect(JSON.parse((await tree.get('/shard-size-1'))?.data.toString() ?? '')).toEqual({
      capacity: 7 * gb,
      current: 5,
    })
  })

  test('that lose every race are given up with VERSION_MISMATCH', async () => {
    const unlucky = interceptTree(tree, {
      beforeWrite: async (path) => {
        const node = await tree.get(path)
        if (node !== undefined) await tree.set(path, node.data, node.version)
      },
    })
    await expect(resizeShard(unlucky, { id: '1', capacityBytes: gb })).rejects.toMatchObject({
      code: 'VERSION_MISMATCH',
    })
    expect(await tree.get('/edit-lock')).toBeUndefined()
  })

  test.each([0, 1])(
    'ended after %i of their writes leave a valid model, and can be made again',
    async (writes) => {
      for (const [id, host] of ['2', '5'].entries()) {
        await addServer(tree, { id: host, url: `http://host-${id}:1`, ...refuse })
      }
      let left = writes
      const killed = interceptTree(tree, {
        beforeWrite: (path) => {
          if (path !== '/edit-lock' && left-- === 0) throw new Error('killed')
          return Promise.resolve()
        },
      })
      const request = { id: '2', nodes: ['2', '5'], capacityBytes: gb, ...refuse }
      await expect(addShard(killed, request)).rejects.toThrow('killed')
      const between = await readCluster(tree)
      expect(between.problems).toEqual([])
      expect([...between.shards.keys()]).toEqual(['1'])
      await addShard(tree, request)
      const after = await readCluster(tree)
      expect(after.shards.get('2')).toMatchObject({ capacityBytes: gb, readOnly: true })
    },
  )

  test('wait for the one before them', async () => {
    const other = await home.open()
    await other.create('/edit-lock', Buffer.from('{}'), { ephemeral: true })
    let done = false
    const waiting = resizeShard(tree, { id: '1', capacityBytes: gb }).then(() => {
      done = true
    })
    // Many round trips, so that an edit that does not wait would be through.
    for (let reads = 0; reads < 20; reads++) await tree.get('/shard-size-1')
    expect(done).toBe(false)
    await other.remove('/edit-lock')
    await waiting
  })

  test('go on when the process before them ends without releasing its lock', async () => {
    const other = await home.open()
    await other.create('/edit-lock', Buffer.from('{}'), { ephemeral: true })
    const waiting = resizeShard(tree, { id: '1', capacityBytes: gb })
    await other.close()
    expect((await waiting).changed).toBe(true)
  })

  test('name who holds the lock when it takes too long, and change nothing', async () => {
    const before = await dumpTree(tree)
    const holder = { user: 'mary', hostname: 'two', pid: 77, sinceMs: Date.UTC(2026, 0, 2) }
    const other = await home.open()
    await other.create('/edit-lock', Buffer.from(JSON.stringify(holder)), { ephemeral: true })
    await expect(resizeShard(tree, { id: '1', capacityBytes: gb }, { waitMs: 1 })).rejects.toMatchObject({
      code: 'EDIT_LOCKED',
      message: 'The cluster is being edited by mary on two (process 77), since 2026-01-02T00:00:00.000Z',
    })
    expect(await dumpTree(tree)).toEqual(before)
  })

  test('stop waiting for the lock when they are aborted', async () => {
    const other = await home.open()
    await other.create('/edit-lock', Buffer.from('no JSON'), { ephemeral: true })
    const controller = new AbortController()
    const options = { signal: controller.signal, waitMs: 600_000 }
    const waiting = resizeShard(tree, { id: '1', capacityBytes: gb }, options)
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })

  test('on a closed tree throw TREE_CLOSED', async () => {
    await tree.close()
    await expect(resizeShard(tree, { id: '1', capacityBytes: gb })).rejects.toMatchObject({
      code: 'TREE_CLOSED',
    })
  })

  if (kind === 'zookeeper') {
    test('are refused while ZooKeeper is away, and say that nothing was changed', async () => {
      await home.zooKeeper.killAll()
      try {
        await expect(resizeShard(tree, { id: '1', capacityBytes: gb })).rejects.toMatchObject({
          code: 'TREE_AWAY',
          message: expect.stringMatching(/nothing was changed$/) as string,
        })
      } finally {
        await home.zooKeeper.restartAll()
      }
      const { shards } = await readCluster(await home.open())
      expect(shards.get('1')?.capacityBytes).toBe(100 * gb)
    })
  }
})
