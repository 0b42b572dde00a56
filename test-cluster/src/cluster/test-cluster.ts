// A whole cluster on this machine, made of real processes: ZooKeeper, Redis, stores, coordinators, replicators, described by
// the commands of 2013. This process itself never talks to ZooKeeper.
import type { RedisProcess } from '../servers/redis-process.js'
import { until } from '../servers/until.js'
import { allSettled } from './all-settled.js'
import { ClusterClient, type HttpAnswer, type HttpQuestion, pathOf } from './cluster-client.js'
import { ClusterCommands } from './cluster-commands.js'
import { layOut, range, serverOf } from './cluster-layout.js'
import type { ClusterMember } from './cluster-member.js'
import { type ResolvedOptions, resolveOptions, type TestClusterOptions } from './cluster-options.js'
import { ClusterParts, found } from './cluster-parts.js'
import type { CoordinatorStats, Uploaded } from './coordinator-answers.js'
import type { Daemon } from './daemon.js'
import type { Gateway } from './gateway.js'
import type { ServerGroup } from './server-group.js'

/** Generous: they only end what hangs, and a busy machine takes its time. */
const copiedMs = 120_000
const noticedMs = 60_000

export class TestCluster implements AsyncDisposable {
  /** Where in ZooKeeper the cluster is described. */
  readonly root = '/backpack'
  readonly queueKey = 'backpack-queue'
  readonly #options: ResolvedOptions
  readonly #parts: ClusterParts
  readonly #client = new ClusterClient()
  readonly #shards = new Map<string, readonly number[]>()

  private constructor(options: ResolvedOptions) {
    this.#options = options
    this.#parts = new ClusterParts(options)
  }

  /**
   * Resolves once every coordinator knows every shard. When it rejects, nothing of it is left. Throws TypeError for
   * options that make no cluster.
   */
  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const resolved = resolveOptions(options)
    const { signal } = resolved
    signal?.throwIfAborted()
    const cluster = new TestCluster(resolved)
    const abort = () => void cluster.#parts.close()
    signal?.addEventListener('abort', abort)
    try {
      await cluster.#startAll()
      signal?.throwIfAborted()
      return cluster
    } catch (error) {
      await cluster.close()
      signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** `host:port,host:port`, as all commands want it. */
  get zookeeperServers(): string {
    return this.#parts.ensemble.connectString
  }

  /** `host:port,host:port`. */
  get redisServers(): string {
    return range(this.#parts.redises.size)
      .map((id) => this.redis(id).address)
      .join(',')
  }

  /** From server 1 on. */
  get servers(): readonly ServerGroup[] {
    return this.#parts.servers
  }

  /** Every process. */
  get members(): readonly ClusterMember[] {
    return this.servers.flatMap(({ members }) => members)
  }

  get stores(): ReadonlyMap<number, Daemon> {
    return this.#parts.stores
  }

  get coordinators(): ReadonlyMap<number, Daemon> {
    return this.#parts.coordinators
  }

  /** By the number of their coordinator; none unless they were asked for. */
  get gateways(): ReadonlyMap<number, Gateway> {
    return this.#parts.gateways
  }

  /** Ids of the stores of each shard that this object has made. */
  get shards(): ReadonlyMap<string, readonly number[]> {
    return this.#shards
  }

  /** Which server of ZooKeeper leads now, if one does. */
  zookeeperLeader(): Promise<number | undefined> {
    return this.#parts.ensemble.leader()
  }

  server(id: number): ServerGroup {
    return found(this.servers[id - 1], `server ${id}`)
  }

  store(id: number): Daemon {
    return found(this.#parts.stores.get(id), `store ${id}`)
  }

  coordinator(id: number): Daemon {
    return found(this.#parts.coordinators.get(id), `coordinator ${id}`)
  }

  /** Of coordinator `id`. */
  gateway(id: number): Gateway {
    return found(this.#parts.gateways.get(id), `gateway ${id}`)
  }

  replicator(id: number): Daemon {
    return found(this.#parts.replicators.get(id), `replicator ${id}`)
  }

  redis(id: number): RedisProcess {
    return found(this.#parts.redises.get(id), `Redis ${id}`)
  }

  zookeeper(id: number): ClusterMember {
    return found(this.#parts.zookeepers.get(id), `ZooKeeper ${id}`)
  }

  nodesOf(shardId: string): readonly number[] {
    return found(this.#shards.get(shardId), `shard ${shardId}`)
  }

  /** Uploads through a coordinator (default: the first); rejects with its answer unless that is 200. */
  async put(
    name: string,
    body: Buffer | string,
    { through = 1, headers = {} }: { through?: number; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Uploaded> {
    const question = { method: 'PUT', path: pathOf(name), body, headers } as const
    const answer = await this.ask(this.coordinator(through), question)
    if (answer.status !== 200) throw new Error(`PUT ${name}: ${answer.status} ${answer.body.toString()}`)
    const { shard_id: shardId } = JSON.parse(answer.body.toString()) as { shard_id: string }
    const { 'x-backpack-version': version = '', etag = '', 'x-backpack-copies': copies } = answer.headers
    return { shardId, version: String(version), etag: String(etag), copies: Number(copies) }
  }

  /** What one store has under the name. */
  getFrom(storeId: number, name: string): Promise<HttpAnswer> {
    return this.ask(this.store(storeId), { path: pathOf(name) })
  }

  /** What a coordinator (default: the first) gives for `/<shard>:<name>`. */
  read(shardId: string, name: string, { through = 1 }: { through?: number } = {}): Promise<HttpAnswer> {
    return this.ask(this.coordinator(through), { path: `/${shardId}:${pathOf(name).slice(1)}` })
  }

  /** Any request, its path sent exactly as given; rejects when nobody answers. */
  ask({ url }: { readonly url: string }, question: HttpQuestion): Promise<HttpAnswer> {
    return this.#client.ask(url, question)
  }

  /** Resolves once every store of the shard gives the blob with one ETag; rejects after `limitMs`. */
  async untilCopied(shardId: string, name: string, limitMs = copiedMs): Promise<void> {
    const copied = async () => {
      const answers = await Promise.all(this.nodesOf(shardId).map((id) => this.getFrom(id, name)))
      const etags = new Set(answers.map(({ headers }) => headers['etag']))
      return etags.size === 1 && answers.every(({ status }) => status === 200)
    }
    await until(copied, `${name} is on each node of shard ${shardId}`, limitMs)
  }

  /** `/stats` of a coordinator. */
  async statsOf(coordinatorId: number): Promise<CoordinatorStats> {
    const { status, body } = await this.ask(this.coordinator(coordinatorId), { path: '/stats' })
    if (status !== 200) throw new Error(`GET /stats: ${status} ${body.toString()}`)
    return JSON.parse(body.toString()) as CoordinatorStats
  }

  /** Tasks still to be done, as the first coordinator that runs says. */
  async queueLength(): Promise<number> {
    const [id] = [...this.coordinators].find(([, { running }]) => running) ?? []
    return (await this.statsOf(found(id, 'running coordinator'))).queue_length
  }

  /**
   * Runs a command of 2013, such as ('backpack-coordinator-add-shard', '1', '1,4', '100gb'): ZooKeeper and root go in front.
   * Gives what it printed; rejects with what it said when it fails.
   */
  command(name: string, ...args: readonly string[]): Promise<string> {
    return this.#commands.of2013(name, ...args)
  }

  /** As command(), of `backpack-cluster`: ('status', '--json'). */
  admin(...args: readonly string[]): Promise<string> {
    return this.#commands.admin(...args)
  }

  /** Starts one more store on a server; the cluster does not know it yet. Gives its id. */
  async addStore(serverId: number): Promise<number> {
    const id = this.#parts.stores.size + 1
    await this.#parts.startStore(id, serverId)
    return id
  }

  /** Starts one more coordinator on a server; gives its id. */
  async addCoordinator(serverId: number): Promise<number> {
    const id = this.#parts.coordinators.size + 1
    await this.#parts.startCoordinator(id, serverId, this.root)
    return id
  }

  /** Starts one more replicator on a server; gives its id. */
  async addReplicator(serverId: number): Promise<number> {
    const id = this.#parts.replicators.size + 1
    await this.#parts.startReplicator(id, serverId, this.root)
    return id
  }

  /** One more store on each server, and a writable shard of them; resolves once every running coordinator knows it. */
  async addServerAndShard(): Promise<{ readonly shardId: string; readonly stores: readonly number[] }> {
    const stores: number[] = []
    for (const { id } of this.servers) stores.push(await this.addStore(id))
    for (const id of stores) await this.#commands.addServer(id, this.store(id).url)
    const shardId = String(this.#shards.size + 1)
    await this.#commands.addShard(shardId, stores)
    this.#shards.set(shardId, stores)
    await this.#commands.enableShard(shardId)
    await this.#untilShardsKnown()
    return { shardId, stores }
  }

  /** No process and no file is left. Idempotent. */
  async close(): Promise<void> {
    await this.#parts.close()
    await this.#client.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #startAll(): Promise<void> {
    const { servers, shards, coordinators, replicators, onStep } = this.#options
    const layout = layOut(servers)
    onStep('ZooKeeper, Redis and stores')
    await this.#parts.startBase(layout.storesOfServers)
    for (const [id, nodes] of Object.entries(layout.shards)) this.#shards.set(id, nodes)
    if (shards === 'none') return
    onStep('backpack-coordinator-init')
    await this.#commands.init(this.queueKey, this.redisServers)
    onStep('coordinators')
    await allSettled(
      range(coordinators * servers).map((id) =>
        this.#parts.startCoordinator(id, serverOf(id, servers), this.root),
      ),
    )
    onStep('backpack-coordinator-add-server, for each store')
    await allSettled([...this.stores].map(([id, { url }]) => this.#commands.addServer(id, url)))
    onStep('backpack-coordinator-add-shard, for each shard')
    await allSettled([...this.#shards].map(([id, nodes]) => this.#commands.addShard(id, nodes)))
    if (shards === 'enabled') {
      onStep('backpack-coordinator-enable-shard, for each shard')
      await allSettled([...this.#shards].map(([id]) => this.#commands.enableShard(id)))
    }
    onStep('replicators')
    await allSettled(
      range(replicators * servers).map((id) =>
        this.#parts.startReplicator(id, serverOf(id, servers), this.root),
      ),
    )
    await this.#untilShardsKnown()
  }

  get #commands(): ClusterCommands {
    return new ClusterCommands(this.zookeeperServers, this.root, this.#options)
  }

  async #untilShardsKnown(): Promise<void> {
    const writable = this.#options.shards === 'enabled' ? this.#shards.size : 0
    for (const [id, { running, name }] of this.coordinators) {
      if (!running) continue
      const known = async () => {
        const stats = await this.statsOf(id)
        return stats.total_shards === this.#shards.size && stats.writable_shards >= writable
      }
      await until(known, `${name} knows every shard`, noticedMs)
    }
  }
}
