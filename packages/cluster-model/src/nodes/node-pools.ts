// One pool of connections per store node; pools that nobody used for a while are closed.
import { Pool } from 'undici'

const unusedMs = 60_000

export interface NodePoolsOptions {
  readonly connectionsPerNodeMax: number
  readonly connectMs: number
}

interface UsedPool {
  readonly pool: Pool
  usedAtMs: number
}

export class NodePools {
  readonly #options: NodePoolsOptions
  readonly #pools = new Map<string, UsedPool>()
  #lookedAtMs = performance.now()

  constructor(options: NodePoolsOptions) {
    this.#options = options
  }

  /** How many nodes have a pool. */
  get size(): number {
    return this.#pools.size
  }

  /** The node's pool; `url` without a trailing slash. */
  get(url: string, nowMs = performance.now()): Pool {
    if (nowMs - this.#lookedAtMs > unusedMs) this.#closeUnused(nowMs)
    let used = this.#pools.get(url)
    if (used === undefined) {
      used = { pool: this.#open(url), usedAtMs: nowMs }
      this.#pools.set(url, used)
    }
    used.usedAtMs = nowMs
    return used.pool
  }

  #open(url: string): Pool {
    const { connectionsPerNodeMax, connectMs } = this.#options
    // The deadlines of answers are node-exchange's, to the millisecond; undici's are a second wide.
    return new Pool(url, {
      connections: connectionsPerNodeMax,
      connect: { timeout: connectMs },
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  /** A pool that is closed finishes what it has under way; whoever asks for its node again gets a new one. */
  #closeUnused(nowMs: number): void {
    this.#lookedAtMs = nowMs
    for (const [url, { pool, usedAtMs }] of this.#pools) {
      if (nowMs - usedAtMs <= unusedMs) continue
      this.#pools.delete(url)
      pool.close().catch(() => undefined)
    }
  }

  /** Ends every connection, with what is under way on it. */
  async close(): Promise<void> {
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    await Promise.all(pools.map(({ pool }) => pool.destroy()))
  }
}
