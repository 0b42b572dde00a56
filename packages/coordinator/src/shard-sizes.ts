// Publishes how full the shards are: one coordinator at a time asks every node, and the largest of a shard's nodes is what
// `/shard-size-<id>` says. The figures are the nodes' own, so that nothing has to be counted here or taken back.
import {
  type ClusterTree,
  type ClusterWatch,
  holdTurn,
  type NodeClient,
  type NodeHealth,
  type ServerNode,
  type Shard,
  shardSizeCodec,
  treePaths,
} from '@backpack/cluster-model'
import { z } from 'zod'
import { askNode } from './ask-node.js'
import type { CoordinatorLimits } from './limits.js'
import type { CoordinatorLog } from './options.js'

const statsSchema = z.object({ usedBytes: z.number().min(0).max(Number.MAX_SAFE_INTEGER) })

export interface SizesParts {
  readonly tree: ClusterTree
  readonly watch: ClusterWatch
  readonly nodes: NodeClient
  readonly health: NodeHealth
  readonly limits: CoordinatorLimits
  readonly log: CoordinatorLog
}

type Turn = Awaited<ReturnType<typeof holdTurn>>

export class ShardSizes {
  readonly #parts: SizesParts
  readonly #turn: Turn
  readonly #closed = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()

  private constructor(parts: SizesParts, turn: Turn) {
    this.#parts = parts
    this.#turn = turn
    this.#later(0)
  }

  /** Takes part in the turn; publishes while it is ours. */
  static start(parts: SizesParts, holder: string): ShardSizes {
    return new ShardSizes(parts, holdTurn(parts.tree, treePaths.sizeTurn, Buffer.from(holder)))
  }

  /** Whether it is this coordinator that publishes. */
  get held(): boolean {
    return this.#turn.held()
  }

  /** Leaves the turn to another. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return
    this.#closed.abort()
    clearTimeout(this.#timer)
    await this.#round
    await this.#turn.release()
  }

  #later(waitMs: number): void {
    this.#timer = setTimeout(() => {
      this.#round = this.#publishAll().finally(() => {
        if (!this.#closed.signal.aborted) this.#later(this.#parts.limits.sizesEveryMs)
      })
    }, waitMs).unref()
  }

  async #publishAll(): Promise<void> {
    if (!this.#turn.held()) return
    const { watch, limits, log } = this.#parts
    const { servers, shards } = watch.snapshot
    const usedBytes = new Map<string, number>()
    const waiting = [...servers.values()]
    const askOne = async () => {
      for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
        const used = await this.#usedBytesOf(node)
        if (used !== undefined) usedBytes.set(node.id, used)
      }
    }
    await Promise.all(Array.from({ length: limits.sizesAskedMax }, askOne))
    for (const shard of shards.values()) {
      const known = shard.nodes.flatMap(({ id }) => usedBytes.get(id) ?? [])
      if (known.length === 0 || this.#closed.signal.aborted) continue
      try {
        await this.#publish(shard, Math.max(...known))
      } catch (error) {
        // Another edit came between, or the tree is away: the next round sees.
        log.warn({ err: error, shard: shard.id }, 'the size of a shard was not published')
      }
    }
  }

  async #usedBytesOf(node: ServerNode): Promise<number | undefined> {
    const { nodes, health, limits } = this.#parts
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), limits.sizesAnswerMs)
    const signal = AbortSignal.any([late.signal, this.#closed.signal])
    try {
      const stats = await askNode(health, node, () => nodes.getJson(node, '/-/stats', signal))
      return statsSchema.safeParse(stats).data?.usedBytes
    } catch {
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }

  async #publish(shard: Shard, currentBytes: number): Promise<void> {
    if (shard.currentBytes === currentBytes) return
    const { tree } = this.#parts
    const path = treePaths.shardSize(shard.id)
    const node = await tree.get(path)
    // Whoever adds a shard writes its capacity; without one there is nothing to complete.
    if (node === undefined) return
    const size = shardSizeCodec.decode(path, node.data)
    if (size.current === currentBytes) return
    await tree.set(path, shardSizeCodec.encode({ ...size, current: currentBytes }), node.version)
  }
}
