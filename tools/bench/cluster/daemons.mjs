// The daemons of a measured cluster, each a process of its own, started as a user starts it: ZooKeeper, two Redis servers,
// stores in shards, a replicator and a coordinator.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { RedisProcess, ZooKeeperEnsemble } from '../../../test-cluster/dist/index.js'
import { probe } from '../store/load/http-client.mjs'
import { startBackpack } from '../store/servers/backpack.mjs'
import { freePort, runProgram, startServer, waitUntilReady } from '../store/servers/child.mjs'

const root = '/bench'
const readyMs = 30_000
const commandMs = 30_000
const drainMs = 120_000
const pollMs = 100
const workspace = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * Everything but the coordinator, described in ZooKeeper; the shards are writable.
 * @param {{ work: string, shards: Readonly<Record<string, readonly number[]>>, durability?: 'sync' | 'os' }} settings
 *   `shards`: the stores of each, which are counted from 1; `durability`: of every store
 */
export async function startBase({ work, shards, durability = 'sync' }) {
  const stops = []
  const zookeeper = await ZooKeeperEnsemble.start()
  stops.push(() => zookeeper.close())
  const redises = [await RedisProcess.start(), await RedisProcess.start()]
  stops.push(...redises.map((redis) => () => redis.close()))
  const stores = []
  for (const id of Object.values(shards).flat().sort())
    stores.push(await startBackpack({ data: join(work, `store-${id}`), durability }))
  stops.push(...stores.map((store) => () => store.stop()))
  await describeCluster(zookeeper, { redises, stores, shards })
  const replicator = await startReplicator(zookeeper)
  stops.push(() => replicator.stop())
  return {
    zookeeper,
    stores,
    async stop() {
      for (const stop of stops.reverse()) await stop()
    },
  }
}

async function describeCluster(zookeeper, { redises, stores, shards }) {
  const command = (name, ...args) => {
    const bin = binOf('packages/coordinator', `backpack-coordinator-${name}`)
    const whole = [bin, zookeeper.connectString, root, ...args]
    return runProgram(process.execPath, whole, { timeoutMs: commandMs })
  }
  await command('init', 'bench-queue', redises.map(({ address }) => address).join(','))
  for (const [index, { port }] of stores.entries())
    await command('add-server', String(index + 1), `http://127.0.0.1:${port}`)
  for (const [shardId, nodes] of Object.entries(shards)) {
    await command('add-shard', shardId, nodes.join(','), '100gb')
    await command('enable-shard', shardId)
  }
}

/** `backpack-cluster …` on the cluster of `zookeeper`. */
export async function administer(zookeeper, ...args) {
  const where = ['--zookeeper', zookeeper.connectString, '--root', root]
  const whole = [binOf('tools', 'backpack-cluster'), ...args, ...where]
  return runProgram(process.execPath, whole, { timeoutMs: commandMs })
}

/** @param {{ args?: readonly string[] }} [settings] `args` stand behind the four of 2013 */
export async function startCoordinator(zookeeper, { args = [] } = {}) {
  const port = await freePort()
  const bin = binOf('packages/coordinator', 'backpack-coordinator')
  const whole = [bin, zookeeper.connectString, root, '127.0.0.1', String(port), ...args]
  const server = startServer(process.execPath, whole)
  await waitUntilReady(server, async () => (await probe(port, '-/ready')).status === 200, {
    timeoutMs: readyMs,
    what: 'coordinator',
  })
  return { port, pids: [server.pid], label: 'coordinator', stop: () => server.stop() }
}

async function startReplicator(zookeeper) {
  const bin = binOf('packages/replicator', 'backpack-replicator')
  const server = startServer(process.execPath, [bin, zookeeper.connectString, root])
  await waitUntilReady(server, async () => server.output().includes('Replicator started!'), {
    timeoutMs: readyMs,
    what: 'replicator',
  })
  return server
}

/** What a coordinator says of the queue. */
export async function queueFigures(port) {
  const { body } = await probe(port, '-/cluster')
  return JSON.parse(body.toString()).queue.figures
}

/** Waits until every copy is made; gives how long that took, in ms. */
export async function untilDrained(port) {
  const startedMs = performance.now()
  while ((await queueFigures(port)).total > 0) {
    if (performance.now() - startedMs > drainMs) throw new Error('the queue did not drain')
    await delay(pollMs)
  }
  return performance.now() - startedMs
}

function binOf(folder, bin) {
  return join(workspace, folder, 'bin', `${bin}.cjs`)
}
