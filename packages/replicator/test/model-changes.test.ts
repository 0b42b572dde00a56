// Tasks outlive changes of the model: they are closed when nobody needs them any more, but never by mistake.
import { addServer, addShard, type Task, treePaths } from '@backpack/cluster-model'
import { until } from '@backpack/test-cluster'
import { expect, test } from 'vitest'
import { patternBytes } from './helpers/pattern-bytes.js'
import { hashOf, SmallCluster } from './helpers/small-cluster.js'

const capacityBytes = 2 ** 30

async function overwrite(cluster: SmallCluster, path: string, text: string): Promise<void> {
  const node = await cluster.tree.get(path)
  await cluster.tree.set(path, Buffer.from(text), node?.version ?? 0)
}

test('tasks for a node that left its shard are closed', async () => {
  const cluster = await SmallCluster.start({ shards: { '1': ['1', '2', '3'] } })
  await addShard(cluster.tree, { id: '1', nodes: ['1', '2'], capacityBytes, ifExists: 'update' })
  const replicator = await cluster.replicate({ limits: { modelLagMs: 0 } })
  await cluster.upload('blob', patternBytes(100), { to: ['2', '3'] })
  await cluster.drained()
  expect(await cluster.read('2', 'blob')).toBeDefined()
  expect(await cluster.read('3', 'blob')).toBeUndefined()
  expect(await replicator.stats()).toMatchObject({ copied: 1, closed: 1, failed: 0 })
})

test.each([
  ['server', { to: '9' }],
  ['shard', { shard: '7' }],
])('tasks for a %s that the model does not have are closed', async (_, change: Partial<Task>) => {
  const cluster = await SmallCluster.start()
  const replicator = await cluster.replicate({ limits: { modelLagMs: 0 } })
  await cluster.queue.push([{ ...cluster.copyTask('blob'), ...change }])
  await cluster.drained()
  expect(await replicator.stats()).toMatchObject({ closed: 1, failed: 0, parked: 0 })
})

test('a task for a node that the model does not know yet waits for it', async () => {
  const cluster = await SmallCluster.start()
  const replicator = await cluster.replicate()
  const version = await cluster.put('1', 'blob', patternBytes(100))
  await cluster.queue.push([cluster.copyTask('blob', { to: '3', shard: '3', version })])
  await until(async () => (await replicator.stats()).failed > 0, 'it was tried')
  expect(await cluster.queue.figures()).toMatchObject({ total: 1 })
  // The store of node 2 under another id will do.
  const { url } = cluster.store('2').node
  await overwrite(cluster, treePaths.shardsMap, '{}')
  await overwrite(cluster, treePaths.serversMap, '{}')
  await addServer(cluster.tree, { id: '1', url: cluster.store('1').node.url, ifExists: 'refuse' })
  await addServer(cluster.tree, { id: '3', url, ifExists: 'refuse' })
  await addShard(cluster.tree, { id: '3', nodes: ['1', '3'], capacityBytes, ifExists: 'refuse' })
  await cluster.drained()
  expect(await cluster.read('2', 'blob')).toMatchObject({ hash: hashOf(patternBytes(100)) })
})

test('no task is closed by a model with a problem', async () => {
  const cluster = await SmallCluster.start()
  const version = await cluster.put('1', 'blob', patternBytes(100))
  const before = (await cluster.tree.get(treePaths.serversMap))?.data.toString() ?? ''
  await overwrite(cluster, treePaths.serversMap, 'not JSON')
  const replicator = await cluster.replicate({ limits: { modelLagMs: 0, freshModelMs: 0 } })
  await cluster.queue.push([cluster.copyTask('blob', { version })])
  await until(async () => (await replicator.stats()).failed > 0, 'it was tried')
  expect(await cluster.queue.figures()).toMatchObject({ total: 1 })
  await overwrite(cluster, treePaths.serversMap, before)
  await cluster.drained()
  expect(await cluster.read('2', 'blob')).toMatchObject({ hash: hashOf(patternBytes(100)) })
})

test('a node that moved to another address gets its copies there', async () => {
  const cluster = await SmallCluster.start({ shards: { '1': ['1', '2'], '2': ['3'] } })
  const replicator = await cluster.replicate({ limits: { probeEveryMs: 50 } })
  await cluster.store('2').stop()
  await cluster.upload('blob', patternBytes(100))
  await until(async () => (await replicator.stats()).awayNodes.length === 1, 'it is away')
  await overwrite(cluster, treePaths.shardsMap, JSON.stringify({ 1: { nodes: ['1', '2'] } }))
  const { port } = cluster.store('3').node
  const address = (id: string) => ({ host: '127.0.0.1', port: String(cluster.store(id).node.port) })
  await overwrite(
    cluster,
    treePaths.serversMap,
    JSON.stringify({ 1: address('1'), 2: { host: '127.0.0.1', port: String(port) } }),
  )
  await cluster.drained()
  expect(await cluster.read('3', 'blob')).toMatchObject({ hash: hashOf(patternBytes(100)) })
})
