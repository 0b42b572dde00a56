// A whole cluster in one process: two stores that make one shard, a coordinator, a replicator, the model in a file, the
// queue in a log. The same HTTP API as on many machines, and nothing to install.
import { addServer, addShard, FileTree, initCluster, LocalQueue, readCluster } from '@backpack/cluster-model'
import { Coordinator } from '@backpack/coordinator'
import { Replicator } from '@backpack/replicator'
import type { Secret } from '@backpack/signing'
import { type Daemon, startDaemon, Store } from '@backpack/store'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { closeAll } from './close-all.js'

export interface EmbeddedOptions {
  /** Everything is below it; made when missing. */
  readonly directory: string
  readonly host: string
  /** The coordinator's; 0 picks a free one. */
  readonly port: number
  /** The first store's; the second takes the next one. 0 picks free ones. Stores listen on 127.0.0.1 only. */
  readonly storePort: number
  /** Of the shard, in bytes; undefined: half of what the disk has when the shard is made. */
  readonly capacityBytes: number | undefined
  readonly durability: 'sync' | 'os'
  /** With it the stores take writes of coordinator and replicator only. */
  readonly clusterSecret: Secret | undefined
  readonly log: Logger
  /** Called when a store cannot go on: the process should exit. */
  readonly onFatal: (error: Error) => void
}

export interface EmbeddedCluster {
  /** Where the coordinator listens, with a slash at the end. */
  readonly url: string
  readonly storeUrls: readonly string[]
  /** The copies that were still to be made when the process before this one ended. */
  readonly queuedAtStart: number
  /** Answers requests under way, then stops everything; what is queued stays queued. */
  close(): Promise<void>
}

const shardId = '1'
const storeIds = ['1', '2'] as const
const storeHost = '127.0.0.1'

/** Throws what its parts throw: DIRECTORY_LOCKED, EADDRINUSE, … and then leaves nothing running. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedCluster> {
  const { directory, host, port, log, clusterSecret } = options
  const secret = clusterSecret === undefined ? {} : { clusterSecret: clusterSecret.reveal() }
  const closers: (() => Promise<unknown>)[] = []
  try {
    await mkdir(directory, { recursive: true })
    const stores: Daemon[] = []
    let capacityBytes = options.capacityBytes
    for (const [index, id] of storeIds.entries()) {
      const store = await openStore(options, id)
      closers.push(() => store.close())
      const storePort = options.storePort === 0 ? 0 : options.storePort + index
      const daemon = await startDaemon({ store, host: storeHost, port: storePort, log, ...secret })
      closers.push(() => daemon.drain())
      stores.push(daemon)
      const { availableBytes, usedBytes } = await store.stats()
      capacityBytes ??= Math.floor(availableBytes / storeIds.length) + usedBytes
    }
    const tree = await FileTree.open({ path: join(directory, 'cluster.json') })
    closers.push(() => tree.close())
    await describeCluster(tree, { stores, capacityBytes: capacityBytes ?? 0 })
    const queue = await LocalQueue.open({ directory: join(directory, 'queue') })
    closers.push(() => queue.close())
    const { total: queuedAtStart } = await queue.figures()
    const coordinator = await Coordinator.open({
      cluster: tree,
      queue,
      spoolDirectory: join(directory, 'spool'),
      log,
      ...secret,
    })
    closers.push(() => coordinator.close())
    const replicator = await Replicator.open({ cluster: tree, queue, log, ...secret })
    closers.push(() => replicator.close())
    const listening = await coordinator.listen({ host, port })
    closers.push(() => listening.drain())
    return {
      url: listening.url,
      storeUrls: stores.map(({ url }) => url),
      queuedAtStart,
      close: () => closeAll(closers),
    }
  } catch (error) {
    await closeAll(closers).catch((err: unknown) => log.error({ err }, 'could not be closed'))
    throw error
  }
}

function openStore({ directory, durability, log, onFatal }: EmbeddedOptions, id: string): Promise<Store> {
  const path = join(directory, `store-${id}`)
  return Store.open({ path, durability, log: log.child({ store: id }), onFatal })
}

/** Ports may be others than last time: the servers are written anew at each start. */
async function describeCluster(
  tree: FileTree,
  { stores, capacityBytes }: { stores: readonly Daemon[]; capacityBytes: number },
): Promise<void> {
  await initCluster(tree, { queueKey: 'backpack-queue', queueServers: [] })
  const { servers, shards } = await readCluster(tree)
  const addresses = storeIds.map((id, index) => ({ id, port: stores[index]?.port ?? 0 }))
  // An address belongs to one server at a time: whoever moves to higher ports makes room from the last one on.
  const upwards = addresses.some(({ id, port }) => port > (servers.get(id)?.port ?? port))
  for (const { id, port } of upwards ? addresses.toReversed() : addresses) {
    await addServer(tree, { id, url: `http://${storeHost}:${port}`, ifExists: 'update' })
  }
  if (shards.has(shardId)) return
  const shard = {
    id: shardId,
    nodes: [...storeIds],
    capacityBytes,
    ifExists: 'refuse',
    writable: true,
  } as const
  await addShard(tree, shard)
}
