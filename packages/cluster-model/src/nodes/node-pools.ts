// One pool of connections per store node; pools that nobody used for a while are closed.
import type { Secret } from '@backpack/signing'
import { type Dispatcher, Pool } from 'undici'
import { signRequest } from './sign-request.js'

const unusedMs = 60_000

export interface NodePoolsOptions {
  readonly connectionsPerNodeMax: number
  readonly connectMs: number
  /** Requests without a body are signed with it: stores may ask for that. */
  readonly clusterSecret?: Secret | undefined
}

interface UsedPool {
  readonly pool: Pool
  /** What requests go through: the pool, or what signs for it. */
  readonly way: Dispatcher
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
  get(url: string, nowMs = performance.now()): Dispatcher {
    if (nowMs - this.#lookedAtMs > unusedMs) this.#closeUnused(nowMs)
    let used = this.#pools.get(url)
    if (used === undefined) {
      const pool = this.#open(url)
      const { clusterSecret } = this.#options
      const way = clusterSecret === undefined ? pool : pool.compose(signing(clusterSecret))
      used = { pool, way, usedAtMs: nowMs }
      this.#pools.set(url, used)
    }
    used.usedAtMs = nowMs
    return used.way
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

/** Throws TypeError for headers that are not given by name: what is signed must be what is sent. */
function signing(clusterSecret: Secret): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const { method, path, headers = {} } = options
    if (Symbol.iterator in Object(headers))
      throw new TypeError('Headers to sign must be given by their names')
    const signed = signRequest(clusterSecret, { method, path, headers: headers as Record<string, string> })
    return dispatch({ ...options, headers: { ...signed } }, handler)
  }
}
