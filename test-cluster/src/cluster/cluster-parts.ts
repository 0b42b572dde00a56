// The processes of a cluster: started one by one, found by their number, ended all together.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { freePort } from '../servers/free-port.js'
import { RedisProcess } from '../servers/redis-process.js'
import { TemporaryDirectory } from '../servers/temporary-directory.js'
import { ZooKeeperEnsemble } from '../servers/zookeeper-ensemble.js'
import { allSettled } from './all-settled.js'
import { serverOf } from './cluster-layout.js'
import { type ClusterMember, zooKeeperMember } from './cluster-member.js'
import type { ResolvedOptions } from './cluster-options.js'
import { Daemon } from './daemon.js'
import type { Gateway } from './gateway.js'
import { ServerGroup } from './server-group.js'
import { programPath } from './workspace-programs.js'

export class ClusterParts {
  /** From server 1 on. */
  readonly servers: readonly ServerGroup[]
  readonly stores = new Map<number, Daemon>()
  readonly coordinators = new Map<number, Daemon>()
  /** By the number of their coordinator; none without the option. */
  readonly gateways = new Map<number, Gateway>()
  readonly replicators = new Map<number, Daemon>()
  readonly redises = new Map<number, RedisProcess>()
  readonly zookeepers = new Map<number, ClusterMember>()
  readonly #options: ResolvedOptions
  readonly #directory = new TemporaryDirectory()
  #ensemble: ZooKeeperEnsemble | undefined
  #closed = false

  constructor(options: ResolvedOptions) {
    this.#options = options
    this.servers = Array.from({ length: options.servers }, (_, index) => new ServerGroup(index + 1))
    mkdirSync(join(this.#directory.path, 'tmp'))
    if (options.logDirectory !== undefined) mkdirSync(options.logDirectory, { recursive: true })
  }

  /** Throws before startBase(). */
  get ensemble(): ZooKeeperEnsemble {
    return found(this.#ensemble, 'ZooKeeper')
  }

  /** ZooKeeper, Redis and stores, all at once: they do not need each other. */
  async startBase(storesOfServers: readonly (readonly number[])[]): Promise<void> {
    const ports = new Map<number, number>()
    for (const id of storesOfServers.flat()) ports.set(id, await freePort())
    const starts = [this.#startZooKeeper()]
    for (let id = 1; id <= this.#options.redises; id++) starts.push(this.#startRedis(id))
    for (const [index, ids] of storesOfServers.entries()) {
      for (const id of ids) starts.push(this.startStore(id, index + 1, ports.get(id)))
    }
    await allSettled(starts)
  }

  async startStore(id: number, serverId: number, givenPort?: number): Promise<void> {
    const port = givenPort ?? (await freePort())
    const name = `store ${id}`
    const where = [
      'serve',
      this.#directoryOf(name),
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--log-level',
      'warn',
    ]
    const args = [...where, ...this.#options.storeArguments]
    const store = this.#daemon(name, port, 'backpack', args, [`${urlOf(port)}/-/ready`])
    this.stores.set(id, store)
    await this.#begin(store, serverId)
  }

  async startCoordinator(id: number, serverId: number, root: string): Promise<void> {
    const port = await freePort()
    const where = [this.ensemble.connectString, root, '127.0.0.1', String(port)]
    const name = `coordinator ${id}`
    const gateway = await this.#configureGateway(id)
    const config = gateway === undefined ? [] : ['--config', gateway.configPath]
    const own = ['--spool', this.#directoryOf(name), ...config, ...this.#options.coordinatorArguments]
    const readyUrls = [`${urlOf(port)}/-/live`, ...(gateway === undefined ? [] : [`${gateway.url}/ping/`])]
    const coordinator = this.#daemon(name, port, 'backpack-coordinator', [...where, ...own], readyUrls)
    this.coordinators.set(id, coordinator)
    await this.#begin(coordinator, serverId)
  }

  async startReplicator(id: number, serverId: number, root: string): Promise<void> {
    const port = await freePort()
    const where = [this.ensemble.connectString, root]
    const args = [...where, '--port', String(port), ...this.#options.replicatorArguments]
    const readyUrls = [`${urlOf(port)}/-/live`]
    const replicator = this.#daemon(`replicator ${id}`, port, 'backpack-replicator', args, readyUrls)
    this.replicators.set(id, replicator)
    await this.#begin(replicator, serverId)
  }

  /** Kills everything and removes its files. What was being started meanwhile goes when this is called again. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.servers.map((server) => server.kill()))
    await this.#ensemble?.close()
    this.#directory.remove()
  }

  async #startZooKeeper(): Promise<void> {
    const { zookeepers, servers } = this.#options
    this.#ensemble = await ZooKeeperEnsemble.start({
      servers: zookeepers,
      parentDirectory: this.#directory.path,
      logPathOf: (id) => this.#logPath(`ZooKeeper ${id}`),
    })
    for (const id of this.#ensemble.ids) {
      const member = zooKeeperMember(this.#ensemble, id)
      this.zookeepers.set(id, member)
      found(this.servers[serverOf(id, servers) - 1], 'server').add(member)
    }
  }

  async #startRedis(id: number): Promise<void> {
    const name = `Redis ${id}`
    const logPath = this.#logPath(name)
    const redis = await RedisProcess.start({ name, parentDirectory: this.#directory.path, logPath })
    this.redises.set(id, redis)
    found(this.servers[serverOf(id, this.#options.servers) - 1], 'server').add(redis)
  }

  /** Writes the configuration file of a coordinator; undefined when no gateway is wanted. */
  async #configureGateway(id: number): Promise<Gateway | undefined> {
    const { gateway: proxy } = this.#options
    if (proxy === undefined) return undefined
    const port = await freePort()
    const name = `gateway ${id}`
    const configPath = `${this.#directoryOf(name)}.json`
    writeFileSync(configPath, JSON.stringify({ proxy: { address: `127.0.0.1:${port}`, ...proxy } }))
    const gateway = { name, port, url: urlOf(port), configPath }
    this.gateways.set(id, gateway)
    return gateway
  }

  #daemon(
    name: string,
    port: number,
    program: string,
    args: readonly string[],
    readyUrls: readonly string[],
  ): Daemon {
    const env = { ...this.#options.env, TMPDIR: join(this.#directory.path, 'tmp') }
    const command = [programPath(program), ...args] as const
    const directory = this.#directoryOf(name)
    return new Daemon({ name, port, directory, command, env, readyUrls, logPath: this.#logPath(name) })
  }

  /** `store-4`, below what goes with the cluster. */
  #directoryOf(name: string): string {
    return join(this.#directory.path, name.replace(' ', '-'))
  }

  async #begin(daemon: Daemon, serverId: number): Promise<void> {
    if (this.#closed) throw new Error(`The cluster is closed: ${daemon.name} is not started`)
    // Before it runs, so that it is also ended when its start fails.
    found(this.servers[serverId - 1], `server ${serverId}`).add(daemon)
    await daemon.restart()
  }

  #logPath(name: string): string | undefined {
    const { logDirectory } = this.#options
    return logDirectory === undefined ? undefined : resolve(logDirectory, `${name.replace(' ', '-')}.log`)
  }
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`
}

/** Throws TypeError when there is no such part. */
export function found<Part>(part: Part | undefined, what: string): Part {
  if (part === undefined) throw new TypeError(`There is no ${what}`)
  return part
}
