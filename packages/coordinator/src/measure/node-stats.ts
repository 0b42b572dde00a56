// What every node says of itself, asked in rounds: how much it holds and how much its disk still takes. Uploads that this
// coordinator made since are added, so that a limit is met between two rounds too.
import type { ClusterWatch, NodeClient, ServerNode } from '@backpack/cluster-model'
import { z } from 'zod'
import { askNode } from '../ask-node.js'
import type { CoordinatorLimits } from '../limits.js'
import type { NodeHealth } from '../node-health.js'
import type { NodeFigures } from './measurements.js'

const count = z.number().max(Number.MAX_SAFE_INTEGER)
const statsSchema = z.object({
  usedBytes: count.min(0),
  availableBytes: count.min(0).nullish(),
  // -1: the store's key map does not count.
  keyMap: z.object({ names: count.min(-1), tombstones: count.min(-1).optional() }).optional(),
})

export interface NodeStatsParts {
  readonly watch: ClusterWatch
  readonly nodes: NodeClient
  readonly health: NodeHealth
  readonly limits: CoordinatorLimits
  /** The time between two rounds, in ms; asked before each. */
  readonly everyMs: () => number
  /** Called after each round with what was answered in it, by node; must not throw. */
  readonly onRound: (answered: ReadonlyMap<string, NodeFigures>, signal: AbortSignal) => Promise<void>
}

interface Known {
  readonly figures: NodeFigures
  /** Stored by this coordinator since the node was asked. */
  storedBytes: number
  storedBlobs: number
  missedRounds: number
}

export class NodeStats {
  readonly #parts: NodeStatsParts
  readonly #known = new Map<string, Known>()
  /** Stored while the node is being asked: nobody can say whether its answer counts them. */
  readonly #storedMeanwhile = new Map<string, { bytes: number; blobs: number }>()
  readonly #closed = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()
  #askedAtMs = Date.now()

  constructor(parts: NodeStatsParts) {
    this.#parts = parts
    this.#later(0)
  }

  /** When the last round ended, in ms since 1970; at first, when this began. */
  get askedAtMs(): number {
    return this.#askedAtMs
  }

  /** Undefined for a node that has not answered in any of the last rounds. */
  of(nodeId: string): NodeFigures | undefined {
    const known = this.#known.get(nodeId)
    if (known === undefined) return undefined
    const { figures, storedBytes, storedBlobs } = known
    const { usedBytes, availableBytes, blobs } = figures
    return {
      usedBytes: usedBytes + storedBytes,
      availableBytes: availableBytes === undefined ? undefined : Math.max(0, availableBytes - storedBytes),
      blobs: blobs === undefined ? undefined : blobs + storedBlobs,
    }
  }

  /** The node has a blob more, which takes so many bytes there. */
  noteStored(nodeId: string, takenBytes: number): void {
    const known = this.#known.get(nodeId)
    if (known !== undefined) {
      known.storedBytes += takenBytes
      known.storedBlobs++
    }
    const meanwhile = this.#storedMeanwhile.get(nodeId)
    if (meanwhile !== undefined) {
      meanwhile.bytes += takenBytes
      meanwhile.blobs++
    }
  }

  /** Ends a round under way. Idempotent. */
  async close(): Promise<void> {
    this.#closed.abort()
    clearTimeout(this.#timer)
    await this.#round
  }

  #later(waitMs: number): void {
    this.#timer = setTimeout(() => {
      this.#round = this.#askAll().finally(() => {
        if (!this.#closed.signal.aborted) this.#later(this.#parts.everyMs())
      })
    }, waitMs).unref()
  }

  async #askAll(): Promise<void> {
    const { watch, limits, onRound } = this.#parts
    const { servers } = watch.snapshot
    const answered = new Map<string, NodeFigures>()
    const waiting = [...servers.values()]
    const askOne = async () => {
      for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
        const figures = await this.#ask(node)
        if (figures !== undefined) answered.set(node.id, figures)
      }
    }
    await Promise.all(Array.from({ length: limits.statsAskedMax }, askOne))
    this.#askedAtMs = Date.now()
    for (const id of this.#known.keys()) if (!servers.has(id)) this.#known.delete(id)
    if (!this.#closed.signal.aborted) await onRound(answered, this.#closed.signal)
  }

  async #ask(node: ServerNode): Promise<NodeFigures | undefined> {
    const { nodes, health, limits } = this.#parts
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), limits.statsAnswerMs)
    const signal = AbortSignal.any([late.signal, this.#closed.signal])
    const meanwhile = { bytes: 0, blobs: 0 }
    this.#storedMeanwhile.set(node.id, meanwhile)
    try {
      const stats = await askNode(health, node, () => nodes.getJson(node, '/-/stats', signal))
      const figures = figuresOf(stats)
      if (figures === undefined) this.#missed(node.id)
      else {
        const { bytes, blobs } = meanwhile
        this.#known.set(node.id, { figures, storedBytes: bytes, storedBlobs: blobs, missedRounds: 0 })
      }
      return figures
    } catch {
      this.#missed(node.id)
      return undefined
    } finally {
      clearTimeout(timer)
      this.#storedMeanwhile.delete(node.id)
    }
  }

  #missed(nodeId: string): void {
    const known = this.#known.get(nodeId)
    if (known === undefined) return
    known.missedRounds++
    if (known.missedRounds >= this.#parts.limits.statsMissedMax) this.#known.delete(nodeId)
  }
}

/** Undefined for what no store answers. */
function figuresOf(stats: unknown): NodeFigures | undefined {
  const parsed = statsSchema.safeParse(stats)
  if (!parsed.success) return undefined
  const { usedBytes, availableBytes, keyMap } = parsed.data
  const blobs =
    keyMap === undefined || keyMap.names < 0 ? undefined : keyMap.names - Math.max(0, keyMap.tombstones ?? 0)
  return { usedBytes, availableBytes: availableBytes ?? undefined, blobs }
}
