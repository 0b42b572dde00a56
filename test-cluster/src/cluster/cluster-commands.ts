// The commands that describe a cluster in ZooKeeper, run as admins run them: one short-lived process each.
import { runProgram } from '../servers/run-program.js'
import type { ResolvedOptions } from './cluster-options.js'
import { programPath } from './workspace-programs.js'

export class ClusterCommands {
  readonly #zookeeper: string
  readonly #root: string
  readonly #options: ResolvedOptions

  constructor(zookeeper: string, root: string, options: ResolvedOptions) {
    this.#zookeeper = zookeeper
    this.#root = root
    this.#options = options
  }

  /** A command of 2013: ZooKeeper and root go in front. Gives what it printed; rejects with what it said when it fails. */
  of2013(name: string, ...args: readonly string[]): Promise<string> {
    return this.#run(name, [this.#zookeeper, this.#root, ...args])
  }

  /** As of2013(), of `backpack-cluster`. */
  admin(...args: readonly string[]): Promise<string> {
    return this.#run('backpack-cluster', [...args, '--zookeeper', this.#zookeeper, '--root', this.#root])
  }

  async init(queueKey: string, redisServers: string): Promise<void> {
    await this.of2013('backpack-coordinator-init', queueKey, redisServers)
  }

  async addServer(id: number, url: string): Promise<void> {
    await this.of2013('backpack-coordinator-add-server', String(id), url)
  }

  /** It is read-only until it is enabled. */
  async addShard(id: string, nodes: readonly number[]): Promise<void> {
    await this.of2013('backpack-coordinator-add-shard', id, nodes.join(','), this.#options.shardCapacity)
  }

  async enableShard(id: string): Promise<void> {
    await this.of2013('backpack-coordinator-enable-shard', id)
  }

  async #run(name: string, args: readonly string[]): Promise<string> {
    const { env, signal } = this.#options
    const command = [programPath(name), ...args]
    const { exitCode, stdout, stderr } = await runProgram(process.execPath, command, { env, signal })
    if (exitCode !== 0)
      throw new Error(`${name} ${args.join(' ')} ended with ${exitCode}:\n${stderr}${stdout}`)
    return stdout
  }
}
