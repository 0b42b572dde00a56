import { allSettled } from './all-settled.js'
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
    await allSettled(this.#members.filter(isBase).map((member) => member.restart()))
    const others = this.#members.filter((member) => !isBase(member))
    await allSettled(others.map((member) => member.restart()))
  }
}
