// A cluster with gateways whose shard 1 has an ACL, taken over from a bucket file as an admin does it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TemporaryDirectory, TestCluster } from '../../src/index.js'

export const guardedShard = '1'

export interface AclLine {
  readonly user: string
  readonly token: string
  /** 0 reads, 2 writes too. */
  readonly flags: number
}

export const reader = { user: 'reader', token: 'the token of the reader', flags: 0 }
export const writer = { user: 'the writer', token: 'the token of the writer', flags: 2 }

export interface LinkWanted {
  readonly upload?: boolean
  readonly name: string
  readonly user?: string
  /** From now on, as `30s` or `1h`. */
  readonly expires?: string
  /** What stands before it; default: gateway 1. */
  readonly base?: string
}

export class GuardedCluster implements AsyncDisposable {
  readonly cluster: TestCluster
  readonly #directory = new TemporaryDirectory()

  private constructor(cluster: TestCluster) {
    this.cluster = cluster
  }

  /** `proxy`: of every gateway's configuration. */
  static async start(proxy: Readonly<Record<string, unknown>> = {}): Promise<GuardedCluster> {
    const guarded = new GuardedCluster(await TestCluster.start({ gateway: proxy }))
    await guarded.importUsers(reader, writer)
    return guarded
  }

  /** For files of the test; goes with the cluster. */
  path(name: string): string {
    return join(this.#directory.path, name)
  }

  /** `backpack-cluster bucket import`: these users and no others may use the shard. */
  async importUsers(...acl: readonly AclLine[]): Promise<void> {
    const path = this.path('buckets.json')
    const groups = this.cluster.nodesOf(guardedShard)
    writeFileSync(path, JSON.stringify({ buckets: { [guardedShard]: { groups, acl } } }))
    await this.cluster.admin('bucket', 'import', path)
  }

  /** What `backpack-cluster sign` prints. */
  async link({ upload = false, name, user, expires = '1h', base }: LinkWanted): Promise<string> {
    const who = user ?? (upload ? writer.user : reader.user)
    const printed = await this.cluster.admin(
      'sign',
      ...(upload ? ['--upload'] : []),
      ...['--shard', guardedShard, '--name', name, '--user', who, '--expires', expires],
      ...['--base', base ?? this.cluster.gateway(1).url],
    )
    return printed.trim()
  }

  async close(): Promise<void> {
    await this.cluster.close()
    this.#directory.remove()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
