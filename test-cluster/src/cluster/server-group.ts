import type { ClusterMember } from './cluster-member.js'

/** One machine of the cluster: everything that goes when it goes. */
export class ServerGroup {
  readonly id: number
  readonly #members: ClusterMember[] = []

  constructor(id: number) {
    this.id = id
  }

  /** In the order in which they are started. */
  get members(): readonly ClusterMember[] {
    return this.#members
  }

  add(member: ClusterMember): void {
    this.#members.push(member)
  }

  /** SIGKILL of all at once; resolves once all have ended. */
  async kill(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.kill()))
  }

  /**
   * Starts all of them again: ZooKeeper and Redis first, then the rest at once, as they need them. Rejects with the first
   * failure, when all have started or failed.
   */
  async restart(): Promise<void> {
    await this.kill()
    const isBase = ({ name }: ClusterMember) => /^(ZooKeeper|Redis) /.test(name)
    await restartAll(this.#members.filter(isBase))
    await restartAll(this.#members.filter((member) => !isBase(member)))
  }
}

/** At once; rejects with the first failure when all have started or failed. */
export async function restartAll(members: readonly ClusterMember[]): Promise<void> {
  const results = await Promise.allSettled(members.map((member) => member.restart()))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
