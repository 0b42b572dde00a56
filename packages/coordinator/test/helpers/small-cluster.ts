// A cluster in this process: real stores, a tree and a queue in files, a coordinator. All of it is gone when the test ends.
import {
  addServer,
  addShard,
  type Claim,
  FileTree,
  initCluster,
  LocalQueue,
  type ReplicationQueue,
  setShardWritable,
} from '@backpack/cluster-model'
import type { DaemonOptions, StoreOptions } from '@backpack/store'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { Coordinator } from '../../src/coordinator.js'
import type { CoordinatorLimits } from '../../src/limits.js'
import type { CoordinatorOptions } from '../../src/options.js'
import { StoreNode } from './store-node.js'
import { temporaryDirectory } from './temporary-directory.js'
import { until } from './until.js'

export interface ClusterPlan {
  /** Nodes of each shard; shard ids are 1, 2, …, node ids 11, 12, 21, … */
  readonly nodesPerShard?: readonly number[]
  readonly capacityBytes?: number
  /** Addresses for node ids that are not to be stores. */
  readonly otherNodes?: Readonly<Record<string, string>>
  readonly options?: Partial<CoordinatorOptions>
  /** For every store. */
  readonly storeOptions?: Partial<StoreOptions>
  /** For the daemon of every store. */
  readonly daemonOptions?: Partial<DaemonOptions>
  readonly limits?: Partial<CoordinatorLimits>
  /** What the coordinator gets instead of the queue. */
  readonly wrapQueue?: (queue: ReplicationQueue) => ReplicationQueue
}

export interface SmallCluster {
  readonly coordinator: Coordinator
  readonly tree: FileTree
  readonly queue: LocalQueue
  readonly nodes: ReadonlyMap<string, StoreNode>
  readonly spoolDirectory: string
  /** Without a trailing slash. */
  readonly url: string
  readonly port: number
  readonly drain: () => Promise<void>
  /** The nodes of a shard in the order in which a name meets them. */
  node(id: string): StoreNode
}

const gibibyte = 2 ** 30

export async function smallCluster(plan: ClusterPlan = {}): Promise<SmallCluster> {
  const {
    nodesPerShard = [2],
    capacityBytes = 100 * gibibyte,
    otherNodes = {},
    options,
    storeOptions,
    daemonOptions,
    limits,
    wrapQueue,
  } = plan
  const directory = temporaryDirectory()
  const spoolDirectory = temporaryDirectory()
  const tree = await FileTree.open({ path: join(directory, 'tree.json') })
  const queue = await LocalQueue.open({ directory: join(directory, 'queue') })
  onTestFinished(async () => {
    await queue.close()
    await tree.close()
  })
  const nodes = new Map<string, StoreNode>()
  await initCluster(tree, { queueKey: 'backpack', queueServers: [] }, {})
  for (const [at, count] of nodesPerShard.entries()) {
    const shardId = String(at + 1)
    const ids = Array.from({ length: count }, (_, node) => `${shardId}${node + 1}`)
    for (const id of ids) {
      if (otherNodes[id] === undefined)
        nodes.set(id, await new StoreNode(id, storeOptions, daemonOptions).start())
      const url = otherNodes[id] ?? nodes.get(id)!.url
      await addServer(tree, { id, url, ifExists: 'refuse' }, {})
    }
    await addShard(tree, { id: shardId, nodes: ids, capacityBytes, ifExists: 'refuse' }, {})
    await setShardWritable(tree, { id: shardId, writable: true }, {})
  }
  const coordinator = await Coordinator.open({
    cluster: tree,
    queue: wrapQueue?.(queue) ?? queue,
    spoolDirectory,
    limits: { checkEveryMs: 20, probeFailedEveryMs: 50, drainMs: 2_000, ...limits },
    ...options,
  })
  const listening = await coordinator.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => coordinator.close())
  const node = (id: string) => {
    const found = nodes.get(id)
    if (found === undefined) throw new Error(`There is no node ${id}`)
    return found
  }
  return {
    coordinator,
    tree,
    queue,
    nodes,
    spoolDirectory,
    url: listening.url.replace(/\/$/, ''),
    port: listening.port,
    drain: () => listening.drain(),
    node,
  }
}

/** Everything that is due in the queue; it is claimed for an hour by that. */
export function dueTasks(queue: ReplicationQueue): Promise<Claim[]> {
  return queue.claim({ limit: 1_000, leaseMs: 3_600_000 })
}

/** Resolves once the coordinator believes this of the node. */
export async function untilSeen(cluster: SmallCluster, id: string, state: 'up' | 'down'): Promise<void> {
  await until(async () => {
    const answer = await fetch(`${cluster.url}/-/cluster`)
    const { servers } = (await answer.json()) as { servers: { id: string; up: boolean }[] }
    return servers.find((server) => server.id === id)?.up === (state === 'up')
  }, `node ${id} is seen to be ${state}`)
}
