// What this process learned about the nodes it talks to. What follows from it is decided elsewhere: nodes that are
// down are read from last and get no first copies, and `node-probe.ts` asks them until they answer.

export class NodeHealth {
  /** By node: ms since 1970. */
  readonly #downSinceMs = new Map<string, number>()

  noteSuccess(nodeId: string): void {
    this.#downSinceMs.delete(nodeId)
  }

  noteFailure(nodeId: string): void {
    if (!this.#downSinceMs.has(nodeId)) this.#downSinceMs.set(nodeId, Date.now())
  }

  /** Since when it has been failing, ms since 1970; undefined when its last answer was one, or nothing is known of it. */
  downSinceMs(nodeId: string): number | undefined {
    return this.#downSinceMs.get(nodeId)
  }
}
