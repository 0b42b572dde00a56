// What is measured: one shard of two stores, coordinator and replicator, ZooKeeper, two Redis servers; and in front of
// the first store also a bare proxy. Every daemon is a process of its own, started as a user starts it.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { RedisProcess, ZooKeeperEnsemble } from '../../../test-cluster/dist/index.js'
import { probe } from '../store/load/http-client.mjs'
import { startBackpack } from '../store/servers/backpack.mjs'
import { freePort, runProgram, startServer, waitUntilReady } from '../store/servers/child.mjs'

const root = '/bench'
const shardId = '1'
const readyMs = 30_000
const commandMs = 30_000
const lagEveryMs = 100
const drainMs = 120_000
const packages = fileURLToPath(new URL('../../../packages/', import.meta.url))
const proxyPath = fileURLToPath(new URL('undici-proxy.mjs', import.meta.url))

export async function startSystem({ work, say }) {
  say('• Starting ZooKeeper, Redis, two stores, coordinator, replicator, proxy')
  const stops = []
  const zookeeper = await ZooKeeperEnsemble.start()
  stops.push(() => zookeeper.close())
  const redises = [await RedisProcess.start(), await RedisProcess.start()]
  stops.push(...redises.map((redis) => () => redis.close()))
  const stores = []
  for (const id of ['1', '2']) stores.push(await startBackpack({ data: join(work, `store-${id}`) }))
  stops.push(...stores.map((store) => () => store.stop()))
  await describeCluster(zookeeper, redises, stores)
  const coordinator = await startCoordinator(zookeeper)
  const replicator = await startReplicator(zookeeper)
  const proxy = await startProxy(stores[0])
  stops.push(...[coordinator, replicator, proxy].map((each) => () => each.stop()))
  const front = { direct: stores[0], proxy, coordinator }
  return {
    contenders: () => ['coordinator', 'proxy', 'direct'].map((key) => ({ key, server: front[key] })),
    watchLag: () => watchLag(coordinator.port),
    async stop() {
      for (const stop of stops.reverse()) await stop()
    },
  }
}

async function describeCluster(zookeeper, redises, stores) {
  const command = (name, ...args) =>
    runProgram(
      process.execPath,
      [binOf('coordinator', `backpack-coordinator-${name}`), zookeeper.connectString, root, ...args],
      {
        timeoutMs: commandMs,
      },
    )
  await command('init', 'bench-queue', redises.map(({ address }) => address).join(','))
  for (const [index, { port }] of stores.entries())
    await command('add-server', String(index + 1), `http://127.0.0.1:${port}`)
  await command('add-shard', shardId, '1,2', '100gb')
  await command('enable-shard', shardId)
}

async function startCoordinator(zookeeper) {
  const port = await freePort()
  const args = [zookeeper.connectString, root, '127.0.0.1', String(port)]
  const server = startServer(process.execPath, [binOf('coordinator', 'backpack-coordinator'), ...args])
  await waitUntilReady(server, async () => (await probe(port, '-/ready')).status === 200, {
    timeoutMs: readyMs,
    what: 'coordinator',
  })
  return { port, pids: [server.pid], label: 'coordinator', prefix: `${shardId}:`, stop: () => server.stop() }
}

async function startReplicator(zookeeper) {
  const bin = binOf('replicator', 'backpack-replicator')
  const server = startServer(process.execPath, [bin, zookeeper.connectString, root])
  await waitUntilReady(server, async () => server.output().includes('Replicator started!'), {
    timeoutMs: readyMs,
    what: 'replicator',
  })
  return server
}

async function startProxy({ port: storePort }) {
  const port = await freePort()
  const server = startServer(process.execPath, [proxyPath, String(port), String(storePort)])
  await waitUntilReady(server, async () => (await probe(port, '-/live')).status === 200, {
    timeoutMs: readyMs,
    what: 'proxy',
  })
  return { port, pids: [server.pid], label: 'bare undici proxy', prefix: '', stop: () => server.stop() }
}

/** Samples the age of the oldest task until stop(), which waits until none is left. */
function watchLag(port) {
  const oldestAgesMs = []
  let stopped = false
  const figures = async () => {
    const { body } = await probe(port, '-/cluster')
    return JSON.parse(body.toString()).queue.figures
  }
  const sampling = (async () => {
    while (!stopped) {
      oldestAgesMs.push((await figures()).oldestAgeMs)
      await delay(lagEveryMs)
    }
  })()
  return {
    async stop() {
      stopped = true
      await sampling
      const startedMs = performance.now()
      while ((await figures()).total > 0) {
        if (performance.now() - startedMs > drainMs) throw new Error('the queue did not drain')
        await delay(lagEveryMs)
      }
      return { oldestAgesMs, drainedMs: performance.now() - startedMs }
    },
  }
}

function binOf(packageName, bin) {
  return join(packages, packageName, 'bin', `${bin}.cjs`)
}
