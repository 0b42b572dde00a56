// Makes the nodes of one shard equal: digests of all → buckets that differ → names of a slice at a time → copies.
import type { NodeClient, ServerNode, Shard } from '@backpack/cluster-model'
import { messageOf } from '../error-codes.js'
import { type DigestQuery, readDigest, readListing } from './ask-digests.js'
import { DigestComparison } from './compare-digests.js'
import { compareNames, type Listing } from './compare-names.js'
import { planSlices, type Slice } from './plan-slices.js'
import { type CopyTask, RepairTasks } from './repair-tasks.js'

export const repairLimits = {
  /** Names listed at once. With three nodes and names of 50 bytes that is 12 MB; with the longest names 150 MB. */
  sliceNamesMax: 20_000,
  /** Copies under way at once. */
  tasksAtOnce: 8,
  /** A node for which so many copies fail one after the other is left out of the rest. */
  failuresMax: 20,
} as const

/** A node may list so many times what its digest counted: copies arrive meanwhile. */
const listedTimesMax = 4

export type RepairLimits = { readonly [Limit in keyof typeof repairLimits]: number }

export interface RepairOptions {
  readonly shard: Pick<Shard, 'id' | 'nodes'>
  readonly nodes: Pick<NodeClient, 'getStream'>
  /** Only versions of before are compared, ms since 1970: what is newer may be on its way. */
  readonly beforeMs: number
  readonly copyTask: CopyTask
  readonly signal: AbortSignal
  /** Asked before each slice; false ends the repair. */
  readonly mayGoOn?: () => boolean
  readonly limits?: Partial<RepairLimits>
}

export interface RepairReport {
  readonly shard: string
  /** Buckets that some node has, and those of them in which not all were equal. */
  readonly compared: number
  readonly differing: number
  /** Blobs copied to a node, tombstones written, and those that could not be. */
  readonly copied: number
  readonly deleted: number
  readonly failed: number
  /** Nodes that were not compared to the end, with the reason. */
  readonly unreachable: readonly { readonly nodeId: string; readonly reason: string }[]
  /** Every node was compared and everything that differed was gone through; some of it may have failed. */
  readonly complete: boolean
}

/** Never rejects for what a node does; ends early, with a report that is not complete, when the signal aborts. */
export async function repairShard(options: RepairOptions): Promise<RepairReport> {
  return new ShardRepair(options).run()
}

class ShardRepair {
  readonly #options: RepairOptions
  readonly #limits: RepairLimits
  readonly #query: DigestQuery
  readonly #tasks: RepairTasks
  readonly #unreachable = new Map<string, string>()
  #differing = 0
  #compared = 0

  constructor(options: RepairOptions) {
    const { nodes, beforeMs, signal, copyTask } = options
    this.#options = options
    this.#limits = { ...repairLimits, ...options.limits }
    this.#query = { nodes, beforeMs, signal }
    const leaveOut = (nodeId: string, reason: string) => this.#unreachable.set(nodeId, reason)
    this.#tasks = new RepairTasks({ ...this.#limits, copyTask, signal, leaveOut })
  }

  async run(): Promise<RepairReport> {
    const complete = await this.#repair()
    return {
      shard: this.#options.shard.id,
      compared: this.#compared,
      differing: this.#differing,
      ...this.#tasks.counts,
      unreachable: [...this.#unreachable].map(([nodeId, reason]) => ({ nodeId, reason })),
      complete: complete && this.#unreachable.size === 0,
    }
  }

  /** False when it was ended early. */
  async #repair(): Promise<boolean> {
    const comparison = await this.#compare()
    if (comparison === undefined) return !this.#stopped()
    for (const { differs } of comparison.buckets()) {
      this.#compared++
      if (differs) this.#differing++
    }
    for (const slice of planSlices(comparison.buckets(), this.#limits.sliceNamesMax)) {
      if (this.#stopped()) return false
      const listings = await this.#list(slice)
      if (listings.size < 2) return false
      await this.#tasks.run(compareNames(this.#options.shard.id, listings))
    }
    return !this.#stopped()
  }

  #stopped(): boolean {
    return this.#options.signal.aborted || this.#options.mayGoOn?.() === false
  }

  /** Undefined when there are no two nodes to compare. */
  async #compare(): Promise<DigestComparison | undefined> {
    let comparison = new DigestComparison()
    let compared = 0
    for (const node of this.#options.shard.nodes) {
      try {
        if (compared > 0) comparison.begin()
        await readDigest(this.#query, node, (digest) => {
          if (compared === 0) comparison.keep(digest)
          else comparison.compare(digest)
        })
        if (compared > 0) comparison.end()
        compared++
      } catch (error) {
        this.#leaveOut(node, error)
        if (compared === 0) comparison = new DigestComparison()
      }
    }
    return compared > 1 ? comparison : undefined
  }

  async #list(slice: Slice): Promise<ReadonlyMap<string, Listing>> {
    const needlesMax = this.#limits.sliceNamesMax * listedTimesMax
    const listings = new Map<string, Listing>()
    const ask = async (node: ServerNode) => {
      try {
        listings.set(node.id, await readListing(this.#query, node, { ...slice, needlesMax }))
      } catch (error) {
        this.#leaveOut(node, error)
      }
    }
    const reachable = this.#options.shard.nodes.filter(({ id }) => !this.#unreachable.has(id))
    await Promise.all(reachable.map(ask))
    return listings
  }

  #leaveOut({ id }: ServerNode, error: unknown): void {
    this.#unreachable.set(id, messageOf(error))
  }
}
