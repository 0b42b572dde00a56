// Finds out by itself which nodes are up, so that no client's request has to try a node that failed: those that failed
// are asked every second, the others now and then.
import type { ClusterWatch, NodeClient, ServerNode } from '@backpack/cluster-model'
import { askNode } from './ask-node.js'
import type { CoordinatorLimits } from './limits.js'
import type { NodeHealth } from './node-health.js'

export interface ProbeParts {
  readonly watch: ClusterWatch
  readonly nodes: NodeClient
  readonly health: NodeHealth
  readonly limits: CoordinatorLimits
}

export class NodeProbe {
  readonly #parts: ProbeParts
  readonly #timer: NodeJS.Timeout
  readonly #asked = new Set<string>()
  readonly #closed = new AbortController()
  #rounds = 0

  constructor(parts: ProbeParts) {
    this.#parts = parts
    this.#timer = setInterval(() => this.#round(), parts.limits.probeFailedEveryMs).unref()
    this.#round()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#closed.abort()
  }

  /** All nodes in each round of so many, and in the first. */
  #round(): void {
    const { watch, health, limits } = this.#parts
    const all = this.#rounds++ % limits.probeAllRounds === 0
    for (const node of watch.snapshot.servers.values()) {
      if (!all && health.downSinceMs(node.id) === undefined) continue
      // A node that does not answer is not asked twice at once.
      if (this.#asked.has(node.id)) continue
      void this.#probe(node)
    }
  }

  async #probe(node: ServerNode): Promise<void> {
    const { nodes, health, limits } = this.#parts
    this.#asked.add(node.id)
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), limits.probeAnswerMs)
    const signal = AbortSignal.any([late.signal, this.#closed.signal])
    try {
      await askNode(health, node, () => nodes.getJson(node, '/-/live', signal))
    } catch {
      if (!this.#closed.signal.aborted) health.noteFailure(node.id)
    } finally {
      clearTimeout(timer)
      this.#asked.delete(node.id)
    }
  }
}
