// A cluster whose queue is on real Redis servers with turns of half a second: real stores, a file for the tree, and a
// coordinator of this process. All gone when the test ends.
import {
  addServer,
  addShard,
  FileTree,
  HttpNodeClient,
  initCluster,
  pathOfName,
  RedisQueue,
  setShardWritable,
} from '@backpack/cluster-model'
import { RedisProcess, TemporaryDirectory, until } from '@backpack/test-cluster'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { Coordinator } from '../../../coordinator/src/coordinator.js'
import { Replicator, type ReplicatorOptions } from '../../src/index.js'
import { TestStore } from './small-cluster.js'

const capacityBytes = 2 ** 30
const everywhereMs = 90_000
const drainedMs = 60_000

type QueueLimitOptions = NonNullable<Parameters<typeof RedisQueue.open>[0]['limits']>

/** What was acknowledged: the ETag by name; undefined for a name that was deleted. */
export type Acknowledged = Map<string, string | undefined>

export class QueueCluster {
  readonly stores: readonly TestStore[]
  readonly redises: readonly RedisProcess[]
  readonly coordinator: Coordinator
  readonly queue: RedisQueue
  readonly acknowledged: Acknowledged = new Map()
  readonly #tree: FileTree
  readonly #nodes = new HttpNodeClient()
  readonly #openQueue: () => RedisQueue

  private constructor(parts: {
    tree: FileTree
    stores: readonly TestStore[]
    redises: readonly RedisProcess[]
    coordinator: Coordinator
    queue: RedisQueue
    openQueue: () => RedisQueue
  }) {
    this.#tree = parts.tree
    this.stores = parts.stores
    this.redises = parts.redises
    this.coordinator = parts.coordinator
    this.queue = parts.queue
    this.#openQueue = parts.openQueue
    onTestFinished(() => this.#nodes.close())
  }

  /** Shard 1 with one store for each id. */
  static async start({
    ids = ['1', '2'],
    redis = 2,
    limits = {},
  }: Partial<QueuePlan> = {}): Promise<QueueCluster> {
    const directory = new TemporaryDirectory()
    onTestFinished(() => directory.remove())
    const redises: RedisProcess[] = []
    for (let count = 0; count < redis; count++) {
      const server = await RedisProcess.start()
      onTestFinished(() => server.close())
      redises.push(server)
    }
    const openQueue = () => {
      const servers = redises.map(({ port }) => ({ host: '127.0.0.1', port }))
      const queue = RedisQueue.open({
        key: 'queue',
        servers,
        limits: { laterServerMs: 500, ...limits },
        silentMs: 200,
      })
      onTestFinished(() => queue.close())
      return queue
    }
    const tree = await FileTree.open({ path: join(directory.path, 'tree.json') })
    onTestFinished(() => tree.close())
    await initCluster(tree, { queueKey: 'queue', queueServers: [] })
    const stores: TestStore[] = []
    for (const id of ids) {
      const store = new TestStore(id, join(directory.path, `store-${id}`), {})
      await store.start()
      onTestFinished(() => store.stop())
      stores.push(store)
      await addServer(tree, { id, url: store.node.url, ifExists: 'refuse' })
    }
    await addShard(tree, { id: '1', nodes: [...ids], capacityBytes, ifExists: 'refuse' })
    await setShardWritable(tree, { id: '1', writable: true })
    const spoolDirectory = join(directory.path, 'spool')
    const queue = openQueue()
    const coordinator = await Coordinator.open({ cluster: tree, queue, spoolDirectory })
    onTestFinished(() => coordinator.close())
    return new QueueCluster({ tree, stores, redises, coordinator, queue, openQueue })
  }

  /** With a queue of its own, as a process of its own has one. Closed when the test ends. */
  async replicate(options: Partial<ReplicatorOptions> = {}): Promise<Replicator> {
    const queue = this.#openQueue()
    const replicator = await Replicator.open({ cluster: this.#tree, queue, repairEveryMs: 0, ...options })
    onTestFinished(() => replicator.close())
    return replicator
  }

  /** A blob whose content is made of its name. */
  async put(name: string, text = name): Promise<void> {
    const { etag } = await this.coordinator.put(name, Buffer.from(text))
    this.acknowledged.set(name, etag)
  }

  async delete(name: string): Promise<void> {
    await this.coordinator.delete('1', name)
    this.acknowledged.set(name, undefined)
  }

  /** Of those that were acknowledged, the names that this node does not have as it should. */
  async wrongAt({ node }: TestStore, names: Iterable<string> = this.acknowledged.keys()): Promise<string[]> {
    const wrong: string[] = []
    for (const name of names) {
      const head = await this.#nodes.head(node, pathOfName(name))
      const etag = head.outcome === 'found' ? head.blob.etag : undefined
      if (etag !== this.acknowledged.get(name)) wrong.push(name)
    }
    return wrong
  }

  /** Resolves once every node has what was acknowledged by now; of these names, unless all are meant. */
  async untilEverywhere(names: readonly string[] = [...this.acknowledged.keys()]): Promise<void> {
    for (const store of this.stores) {
      let wrong = names
      const isWhole = async () => {
        wrong = await this.wrongAt(store, wrong)
        return wrong.length === 0
      }
      await until(isWhole, `node ${store.id} has every blob`, everywhereMs)
    }
  }

  /** Resolves once every server of the queue answers and none holds a task. */
  async untilDrained(): Promise<void> {
    const isDrained = async () => {
      const { total, serversUp, servers } = await this.queue.figures()
      return total === 0 && serversUp === servers
    }
    await until(isDrained, 'the queue is empty', drainedMs)
  }

  /** Bytes of the volumes of each store: they grow with every needle that is written. */
  async volumeBytes(): Promise<number[]> {
    const stats = await Promise.all(this.stores.map(({ store }) => store.stats()))
    return stats.map(({ volumes }) => volumes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
  }
}

export interface QueuePlan {
  readonly ids: readonly string[]
  readonly redis: number
  readonly limits: QueueLimitOptions
}
