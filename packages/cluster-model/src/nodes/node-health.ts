// What one process learned about the nodes it talks to: after a failure a node is left alone for a moment, then one
// request may try it.
import type { ServerNode } from '../cluster-snapshot.js'

const avoidMsMin = 1_000
const avoidMsMax = 5_000

interface Failing {
  /** ms since 1970, of the first failure since the last success. */
  readonly sinceMs: number
  avoidMs: number
  /** On the clock of performance.now(). */
  avoidUntilMs: number
  /** Somebody was told to try. */
  trial: boolean
}

export class NodeHealth {
  readonly #failing = new Map<string, Failing>()

  noteSuccess(nodeId: string): void {
    this.#failing.delete(nodeId)
  }

  /** The node is avoided for 1 s, and twice as long, at most 5 s, each time that a trial fails. */
  noteFailure(nodeId: string): void {
    const nowMs = performance.now()
    const failing = this.#failing.get(nodeId)
    if (failing === undefined) {
      const avoidUntilMs = nowMs + avoidMsMin
      this.#failing.set(nodeId, { sinceMs: Date.now(), avoidMs: avoidMsMin, avoidUntilMs, trial: false })
      return
    }
    // Requests that were under way fail together: that is one failure.
    if (!failing.trial && nowMs < failing.avoidUntilMs) return
    failing.avoidMs = Math.min(failing.avoidMs * 2, avoidMsMax)
    failing.avoidUntilMs = nowMs + failing.avoidMs
    failing.trial = false
  }

  /** Whether it makes sense to ask the node now: it did not fail, or long enough ago for a trial. */
  isUp(nodeId: string): boolean {
    const failing = this.#failing.get(nodeId)
    return failing === undefined || performance.now() >= failing.avoidUntilMs
  }

  /** Since when it has been failing, ms since 1970; undefined when its last answer was one. */
  downSinceMs(nodeId: string): number | undefined {
    return this.#failing.get(nodeId)?.sinceMs
  }

  /**
   * The same nodes, those that answer in front, else in the order given. A node whose time has come is put in front
   * once: whoever asks is expected to try it and to note what came of it.
   */
  order<N extends Pick<ServerNode, 'id'>>(nodes: readonly N[]): N[] {
    const up = nodes.filter(({ id }) => this.#takeTurn(id))
    return [...up, ...nodes.filter((node) => !up.includes(node))]
  }

  #takeTurn(nodeId: string): boolean {
    const failing = this.#failing.get(nodeId)
    if (failing === undefined) return true
    const nowMs = performance.now()
    if (nowMs < failing.avoidUntilMs) return false
    failing.trial = true
    failing.avoidUntilMs = nowMs + failing.avoidMs
    return true
  }
}
