import { until } from '@backpack/test-cluster'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  addServer,
  addShard,
  initCluster,
  resizeShard,
  setShardWritable,
} from '../../src/edit/edit-cluster.js'
import type { ClusterSnapshot } from '../../src/cluster-snapshot.js'
import { registerDaemon } from '../../src/register-daemon.js'
import type { ClusterTree } from '../../src/tree/cluster-tree.js'
import { type ClusterWatch, watchCluster } from '../../src/watch-cluster.js'
import { interceptTree } from '../edit/intercept-tree.js'
import { treeKinds, useTreeHome } from '../tree-homes.js'

const gb = 2 ** 30
const refuse = { ifExists: 'refuse' } as const

describe.each(treeKinds)('watchCluster over a tree of the kind %s', (kind) => {
  const home = useTreeHome(kind)
  let tree: ClusterTree
  let admin: ClusterTree
  let watch: ClusterWatch | undefined

  beforeEach(async () => {
    tree = await home.open()
    admin = await home.open()
  })
  afterEach(() => watch?.close())

  /** Three servers, of which two are shard 1. */
  async function setUp(): Promise<ClusterWatch> {
    await initCluster(admin, { queueKey: 'q', queueServers: [{ host: 'one', port: 13_001 }] })
    for (const id of ['1', '2', '3']) await addServer(admin, { id, url: `http://host-${id}:1`, ...refuse })
    await addShard(admin, { id: '1', nodes: ['1', '2'], capacityBytes: gb, ...refuse })
    watch = await watchCluster(tree)
    return watch
  }

  async function write(path: string, text: string): Promise<void> {
    const node = await admin.get(path)
    if (node === undefined) await admin.create(path, Buffer.from(text))
    else await admin.set(path, Buffer.from(text), node.version)
  }

  test('has read everything once it resolves', async () => {
    const { snapshot } = await setUp()
    expect([...snapshot.servers.keys()]).toEqual(['1', '2', '3'])
    expect(snapshot.shards.get('1')).toMatchObject({ capacityBytes: gb, currentBytes: 0, readOnly: true })
    expect(snapshot.queue).toEqual({ key: 'q', servers: [{ host: 'one', port: 13_001 }] })
    expect(snapshot.problems).toEqual([])
  })

  test('of an empty tree is empty, says what is missing, and follows when it is made', async () => {
    watch = await watchCluster(tree)
    expect(watch.snapshot.problems).toEqual([
      'There is no /servers-map',
      'There is no /shards-map',
      'There is no /queue',
    ])
    expect(watch.snapshot.shards.size).toBe(0)
    await initCluster(admin, { queueKey: 'q', queueServers: [] })
    await until(() => watch?.snapshot.problems.length === 0, 'everything is there')
  })

  test('follows every kind of change, and the sizes of shards that are new', async () => {
    const { snapshot: before } = await setUp()
    await addServer(admin, { id: '4', url: 'http://host-4:1', ...refuse })
    await addShard(admin, { id: '2', nodes: ['3', '4'], capacityBytes: 5, ...refuse })
    await setShardWritable(admin, { id: '2', writable: true })
    await until(() => watch?.snapshot.shards.get('2')?.readOnly === false, 'the new shard is writable')
    await write('/shard-size-2', '{"capacity":5,"current":3}')
    await until(() => watch?.snapshot.shards.get('2')?.currentBytes === 3, 'its size is followed')
    expect(before.shards.size).toBe(1)
  })

  test('calls its listeners with each new snapshot until they are stopped', async () => {
    await setUp()
    const seen: ClusterSnapshot[] = []
    const stop = watch?.onChange((snapshot) => seen.push(snapshot))
    await resizeShard(admin, { id: '1', capacityBytes: 2 * gb })
    await until(() => seen.at(-1)?.shards.get('1')?.capacityBytes === 2 * gb, 'the listener is called')
    expect(seen.at(-1)).toBe(watch?.snapshot)
    stop?.()
    const calls = seen.length
    await resizeShard(admin, { id: '1', capacityBytes: 3 * gb })
    await until(() => watch?.snapshot.shards.get('1')?.capacityBytes === 3 * gb, 'it is followed')
    expect(seen.length).toBe(calls)
  })

  test('sees only moments in which the whole model fits together', async () => {
    await setUp()
    const problems: string[] = []
    let snapshots = 0
    watch?.onChange((snapshot) => {
      snapshots++
      problems.push(...snapshot.problems)
    })
    // After each write the model is whole: a snapshot with a problem was put together from two moments.
    const servers: Record<string, object> = { 1: { host: 'x', port: '1' }, 2: { host: 'y', port: '1' } }
    for (let round = 0; round < 30; round++) {
      const nodes = [`${round}a`, `${round}b`]
      for (const id of nodes) servers[id] = { host: id, port: '1' }
      const shard = String(round + 10)
      await write('/servers-map', JSON.stringify(servers))
      await write(`/shard-size-${shard}`, `{"capacity":${round},"current":0}`)
      await write('/shards-map', JSON.stringify({ [shard]: { nodes } }))
    }
    await until(() => watch?.snapshot.shards.get('39')?.nodes.length === 2, 'the last one is seen')
    expect(snapshots).toBeGreaterThan(0)
    expect(problems).toEqual([])
  })

  test('sees only such moments while there are more changes during each of its reads', async () => {
    await setUp()
    watch?.close()
    const servers: Record<string, object> = { 1: { host: 'x', port: '1' } }
    let rounds = 0
    // Servers are read before it, shards after it.
    const beforeRead = async (path: string) => {
      if (path !== '/shards-map' || rounds === 30) return
      const id = `${rounds++}a`
      servers[id] = { host: id, port: '1' }
      await write('/servers-map', JSON.stringify(servers))
      await write('/shard-size-1', '{"capacity":1,"current":0}')
      await write('/shards-map', JSON.stringify({ 1: { nodes: [id] } }))
    }
    watch = await watchCluster(interceptTree(tree, { beforeRead }))
    const problems = [...watch.snapshot.problems]
    watch.onChange((snapshot) => problems.push(...snapshot.problems))
    await until(() => watch?.snapshot.shards.get('1')?.nodes[0]?.id === '29a', 'the last one is seen')
    expect(problems).toEqual([])
  })

  test('keeps the last value of a znode that cannot be understood, and says so', async () => {
    await setUp()
    await write('/shards-map', '{"1":{"nodes":"all"}}')
    await until(() => watch?.snapshot.problems.length === 1, 'it is said')
    expect(watch?.snapshot.problems[0]).toMatch(/^\/shards-map cannot be read: 1\.nodes/)
    expect(watch?.snapshot.shards.get('1')?.nodes.length).toBe(2)
    await write('/shards-map', '{"1":{"nodes":["3"]}}')
    await until(() => watch?.snapshot.problems.length === 0, 'it is mended')
    expect(watch?.snapshot.shards.get('1')?.nodes.map(({ id }) => id)).toEqual(['3'])
  })

  test('shows daemons that come and go', async () => {
    await setUp()
    const options = { kind: 'coordinator', url: 'http://one:12001', packageVersion: '1.2.3' } as const
    const registration = await registerDaemon(admin, options)
    await until(() => watch?.snapshot.daemons.length === 1, 'it is seen')
    expect(watch?.snapshot.daemons[0]).toMatchObject({ ...options, pid: process.pid })
    await registration.close()
    await until(() => watch?.snapshot.daemons.length === 0, 'it is gone')
    expect(watch?.snapshot.problems).toEqual([])
  })

  test('changes nothing any more once it is closed', async () => {
    await setUp()
    const last = watch?.snapshot
    let calls = 0
    watch?.onChange(() => calls++)
    watch?.close()
    watch?.close()
    const second = await watchCluster(tree)
    await resizeShard(admin, { id: '1', capacityBytes: 7 })
    await until(() => second.snapshot.shards.get('1')?.capacityBytes === 7, 'another one has seen it')
    second.close()
    expect(watch?.snapshot).toBe(last)
    expect(calls).toBe(0)
  })

  test('on a closed tree throws TREE_CLOSED', async () => {
    await tree.close()
    await expect(watchCluster(tree)).rejects.toMatchObject({ code: 'TREE_CLOSED' })
  })

  if (kind === 'zookeeper') {
    test('keeps its snapshot while ZooKeeper is away and catches up when it is back', async () => {
      await setUp()
      await home.zooKeeper.killAll()
      await until(() => tree.state === 'away' && admin.state === 'away', 'both have noticed')
      expect(watch?.snapshot.shards.size).toBe(1)
      await home.zooKeeper.restartAll()
      await until(() => admin.state === 'connected', 'the admin is back')
      await resizeShard(admin, { id: '1', capacityBytes: 7 })
      await until(() => watch?.snapshot.shards.get('1')?.capacityBytes === 7, 'the change is seen')
    })
  }
})
