// What is measured: one shard of two stores, coordinator and replicator, ZooKeeper, two Redis servers; and in front of
// the first store also a bare proxy.
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { probe } from '../store/load/http-client.mjs'
import { freePort, startServer, waitUntilReady } from '../store/servers/child.mjs'
import { queueFigures, startBase, startCoordinator, untilDrained } from './daemons.mjs'

const shardId = '1'
const readyMs = 30_000
const lagEveryMs = 100
const proxyPath = fileURLToPath(new URL('undici-proxy.mjs', import.meta.url))

export async function startSystem({ work, say }) {
  say('• Starting ZooKeeper, Redis, two stores, coordinator, replicator, proxy')
  const base = await startBase({ work, shards: { [shardId]: [1, 2] } })
  const [store] = base.stores
  const coordinator = { ...(await startCoordinator(base.zookeeper)), prefix: `${shardId}:` }
  const proxy = await startProxy(store)
  const front = { direct: store, proxy, coordinator }
  return {
    contenders: () => ['coordinator', 'proxy', 'direct'].map((key) => ({ key, server: front[key] })),
    watchLag: () => watchLag(coordinator.port),
    async stop() {
      await proxy.stop()
      await coordinator.stop()
      await base.stop()
    },
  }
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
  const sampling = (async () => {
    while (!stopped) {
      oldestAgesMs.push((await queueFigures(port)).oldestAgeMs)
      await delay(lagEveryMs)
    }
  })()
  return {
    async stop() {
      stopped = true
      await sampling
      return { oldestAgesMs, drainedMs: await untilDrained(port) }
    },
  }
}
