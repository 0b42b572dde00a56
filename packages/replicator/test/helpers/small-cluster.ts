// A cluster in this process: real stores behind HTTP, a file for the tree, a local queue. All gone when the test ends.
import {
  addServer,
  addShard,
  FileTree,
  HttpNodeClient,
  initCluster,
  LocalQueue,
  pathOfName,
  type ReplicationQueue,
  type ServerNode,
  type Task,
} from '@backpack/cluster-model'
import { Secret } from '@backpack/signing'
import { type Daemon, type DaemonOptions, startDaemon, Store, type StoreOptions } from '@backpack/store'
import { TemporaryDirectory, until } from '@backpack/test-cluster'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { Replicator, type ReplicatorOptions } from '../../src/index.js'
import { TcpProxy } from './tcp-proxy.js'

export const silentLog = pino({ level: 'silent' })
const capacityBytes = 2 ** 30

export interface SmallClusterOptions {
  /** Ids of the nodes of each shard, by shard id. */
  readonly shards?: Readonly<Record<string, readonly string[]>>
  readonly store?: Partial<StoreOptions>
  /** For the daemon of every store. */
  readonly daemon?: Partial<DaemonOptions>
  /** Of the test's own client to the stores; the replicator has its own. */
  readonly clusterSecret?: string
  /** Puts a proxy before each of these nodes: the model has the proxy's address. */
  readonly proxied?: readonly string[]
}

/** A version of so long ago, for blobs that must be older than others, whatever the clock's resolution. */
export function versionOf(ageMs: number): string {
  return ((BigInt(Date.now() - ageMs) << 16n) | 1n).toString(16).padStart(16, '0')
}

export interface ReadBlob {
  readonly etag: string
  readonly version: string
  readonly contentType: string
  readonly sizeBytes: number
  readonly hash: string
}

/** Whole buffers are slow to compare, and slower to print. */
export function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A store with its daemon; stop() and start() keep its directory and port. */
export class TestStore {
  readonly id: string
  readonly #directory: string
  readonly #options: Partial<StoreOptions>
  readonly #daemonOptions: Partial<DaemonOptions>
  #running: { store: Store; daemon: Daemon } | undefined
  #port = 0

  constructor(
    id: string,
    directory: string,
    options: Partial<StoreOptions>,
    daemonOptions: Partial<DaemonOptions> = {},
  ) {
    this.id = id
    this.#directory = directory
    this.#options = options
    this.#daemonOptions = daemonOptions
  }

  get node(): ServerNode {
    return { id: this.id, host: '127.0.0.1', port: this.#port, url: `http://127.0.0.1:${this.#port}` }
  }

  get store(): Store {
    if (this.#running === undefined) throw new Error(`Store ${this.id} is stopped`)
    return this.#running.store
  }

  async start(): Promise<void> {
    const store = await Store.open({ reserveBytes: 0, ...this.#options, path: this.#directory })
    const place = { store, host: '127.0.0.1', port: this.#port }
    const daemon = await startDaemon({ ...place, log: silentLog, ...this.#daemonOptions })
    this.#port = daemon.port
    this.#running = { store, daemon }
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    await running?.daemon.drain()
    await running?.store.close()
  }
}

export class SmallCluster {
  readonly tree: FileTree
  readonly queue: LocalQueue
  readonly stores: ReadonlyMap<string, TestStore>
  readonly nodes: HttpNodeClient
  readonly directory: string
  readonly proxies = new Map<string, TcpProxy>()

  private constructor(
    parts: { tree: FileTree; queue: LocalQueue; directory: string },
    stores: ReadonlyMap<string, TestStore>,
    clusterSecret?: string,
  ) {
    this.nodes = new HttpNodeClient(
      clusterSecret === undefined ? {} : { clusterSecret: new Secret(clusterSecret) },
    )
    this.tree = parts.tree
    this.queue = parts.queue
    this.directory = parts.directory
    this.stores = stores
  }

  static async start({
    shards = { '1': ['1', '2'] },
    store = {},
    daemon = {},
    clusterSecret,
    proxied = [],
  }: SmallClusterOptions = {}): Promise<SmallCluster> {
    const directory = new TemporaryDirectory()
    onTestFinished(() => directory.remove())
    const tree = await FileTree.open({ path: join(directory.path, 'tree.json') })
    onTestFinished(() => tree.close())
    const queue = await LocalQueue.open({ directory: join(directory.path, 'queue') })
    onTestFinished(() => queue.close())
    const stores = new Map<string, TestStore>()
    const cluster = new SmallCluster({ tree, queue, directory: directory.path }, stores, clusterSecret)
    onTestFinished(() => cluster.nodes.close())
    await initCluster(tree, { queueKey: 'queue', queueServers: [{ host: '127.0.0.1', port: 1 }] })
    for (const [shardId, nodes] of Object.entries(shards)) {
      for (const id of nodes) {
        const testStore = new TestStore(id, join(directory.path, `store-${id}`), store, daemon)
        await testStore.start()
        onTestFinished(() => testStore.stop())
        stores.set(id, testStore)
        const port = proxied.includes(id) ? await cluster.#startProxy(id) : testStore.node.port
        await addServer(tree, { id, url: `http://127.0.0.1:${port}`, ifExists: 'refuse' })
      }
      await addShard(tree, { id: shardId, nodes: [...nodes], capacityBytes, ifExists: 'refuse' })
    }
    return cluster
  }

  store(id: string): TestStore {
    const found = this.stores.get(id)
    if (found === undefined) throw new Error(`There is no store ${id}`)
    return found
  }

  proxy(id: string): TcpProxy {
    const found = this.proxies.get(id)
    if (found === undefined) throw new Error(`There is no proxy before ${id}`)
    return found
  }

  async #startProxy(id: string): Promise<number> {
    const proxy = await TcpProxy.start(() => this.store(id).node.port)
    this.proxies.set(id, proxy)
    return proxy.port
  }

  /** Closed when the test ends, before the stores. */
  async replicate(options: Partial<ReplicatorOptions> = {}): Promise<Replicator> {
    const replicator = await Replicator.open({
      cluster: this.tree,
      queue: this.queue,
      repairEveryMs: 0,
      ...options,
    })
    onTestFinished(() => replicator.close())
    return replicator
  }

  /** Stores a blob on one node only, as a coordinator does first. Gives its version. */
  async put(
    id: string,
    name: string,
    data: Buffer,
    { contentType, version }: { contentType?: string; version?: string } = {},
  ): Promise<string> {
    const checksum = crc32(data).toString(16).padStart(8, '0')
    const options = { sizeBytes: data.length, contentType, version, checksum }
    const put = await this.nodes.put(this.store(id).node, pathOfName(name), data, options)
    if (put.outcome !== 'stored') throw new Error(`${name} was not stored at ${id}`)
    return put.version
  }

  /** Stores it and queues the copies, to the other nodes of shard 1 unless others are named. */
  async upload(
    name: string,
    data: Buffer,
    { at = '1', to = ['2'], version: given }: { at?: string; to?: string[]; version?: string } = {},
  ): Promise<string> {
    const version = await this.put(at, name, data, given === undefined ? {} : { version: given })
    await this.queue.push(to.map((each) => this.copyTask(name, { from: [at], to: each, version })))
    return version
  }

  copyTask(
    name: string,
    {
      from = ['1'],
      to = '2',
      version,
      shard = '1',
    }: Partial<Pick<Task, 'from' | 'to' | 'version' | 'shard'>> = {},
  ): Task {
    return { op: 'copy', shard, path: pathOfName(name), version, from, to }
  }

  /** Undefined for 404, 'deleted' for 410. */
  async read(id: string, name: string): Promise<ReadBlob | 'deleted' | undefined> {
    const got = await this.nodes.get(this.store(id).node, pathOfName(name))
    if (got.outcome === 'missing') return undefined
    if (got.outcome === 'deleted') return 'deleted'
    const { etag, version, contentType } = got.blob
    const bytes = Buffer.concat(await got.body.toArray())
    return { etag, version, contentType, sizeBytes: bytes.length, hash: hashOf(bytes) }
  }

  /** Bytes of its volumes. */
  async usedBytes(id: string): Promise<number> {
    const { volumes } = await this.store(id).store.stats()
    return volumes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  drained(limitMs?: number): Promise<void> {
    return untilDrained(this.queue, limitMs)
  }
}

/** Resolves once the queue holds nothing but parked tasks. */
export function untilDrained(queue: ReplicationQueue, limitMs?: number): Promise<void> {
  return until(async () => (await queue.figures()).total === 0, 'the queue is empty', limitMs)
}
