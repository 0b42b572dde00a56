// What the daemon needs: a model in a real ZooKeeper, a queue on real Redis servers, stores in this process.
import {
  addServer,
  addShard,
  type HostAndPort,
  HttpNodeClient,
  initCluster,
  pathOfName,
  RedisQueue,
  type Task,
  ZooKeeperTree,
} from '@backpack/cluster-model'
import { RedisProcess, ServerProcess, TemporaryDirectory, ZooKeeperEnsemble } from '@backpack/test-cluster'
import { join } from 'node:path'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { builtBin } from '../cli/built-cli.js'
import { TestStore } from './small-cluster.js'

const capacityBytes = 2 ** 30
let zooKeeper: ZooKeeperEnsemble
let redisServers: RedisProcess[] = []
let clusters = 0

/** To be called once at the top of a test file: one ZooKeeper and so many Redis servers for all its tests. */
export function useServers({ redis }: { redis: number }): void {
  beforeAll(async () => {
    zooKeeper = await ZooKeeperEnsemble.start()
    redisServers = await Promise.all(Array.from({ length: redis }, () => RedisProcess.start()))
  })
  afterAll(async () => {
    await Promise.all(redisServers.map((server) => server.close()))
    await zooKeeper.close()
  })
}

export class RealCluster {
  readonly root: string
  readonly queueKey: string
  readonly queue: RedisQueue
  readonly nodes = new HttpNodeClient()
  readonly stores: readonly TestStore[]

  private constructor(number: number, stores: readonly TestStore[]) {
    this.root = `/cluster-${number}`
    this.queueKey = `queue-${number}`
    // Its servers run; a machine with other work may need longer for an answer than a queue waits for it.
    const commandTimeoutMs = 30_000
    this.queue = RedisQueue.open({ key: this.queueKey, servers: queueServers(), commandTimeoutMs })
    this.stores = stores
    onTestFinished(() => this.queue.close())
    onTestFinished(() => this.nodes.close())
  }

  /** One shard, with a store of its own for each id. */
  static async start(ids: readonly string[] = ['1', '2']): Promise<RealCluster> {
    const directory = new TemporaryDirectory()
    onTestFinished(() => directory.remove())
    const stores = ids.map((id) => new TestStore(id, join(directory.path, id), {}))
    for (const store of stores) {
      await store.start()
      onTestFinished(() => store.stop())
    }
    const cluster = new RealCluster(++clusters, stores)
    const tree = await ZooKeeperTree.open({ servers: cluster.zkServers, root: cluster.root })
    await initCluster(tree, { queueKey: cluster.queueKey, queueServers: queueServers() })
    for (const { id, node } of stores) await addServer(tree, { id, url: node.url, ifExists: 'refuse' })
    await addShard(tree, { id: '1', nodes: [...ids], capacityBytes, ifExists: 'refuse' })
    await tree.close()
    return cluster
  }

  get zkServers(): string {
    return zooKeeper.connectString
  }

  get redisAddresses(): string {
    return redisServers.map(({ address }) => address).join(',')
  }

  /** Starts the daemon; stopped when the test ends. */
  async startDaemon(...args: readonly string[]): Promise<ServerProcess> {
    const bin = builtBin('backpack-replicator')
    const daemon = new ServerProcess(process.execPath, [bin, this.zkServers, this.root, ...args])
    onTestFinished(() => daemon.stop())
    await daemon.printed(/Replicator started!\n/)
    return daemon
  }

  /** Stores a blob on the first node and queues its copies to the others. */
  async upload(name: string, data: Buffer): Promise<void> {
    const [first, ...others] = this.stores as [TestStore, ...TestStore[]]
    const path = pathOfName(name)
    const options = { sizeBytes: data.length, contentType: undefined }
    const put = await this.nodes.put(first.node, path, data, options)
    if (put.outcome !== 'stored') throw new Error(`${name} was not stored`)
    const { version } = put
    await this.queue.push(
      others.map(({ id }): Task => ({ op: 'copy', shard: '1', path, version, from: [first.id], to: id })),
    )
  }

  /** ETags of a blob on each node; undefined where it is not. */
  async etags(name: string): Promise<(string | undefined)[]> {
    const path = pathOfName(name)
    return Promise.all(
      this.stores.map(async ({ node }) => {
        const head = await this.nodes.head(node, path)
        return head.outcome === 'found' ? head.blob.etag : undefined
      }),
    )
  }
}

function queueServers(): HostAndPort[] {
  return redisServers.map(({ port }) => ({ host: '127.0.0.1', port }))
}
