// One shard as the repair loop sees it: whether it is this process's to repair, and when next.
import type { holdTurn } from '@backpack/cluster-model'

export interface ShardTimes {
  readonly repairEveryMs: number
  readonly retryMsMin: number
  readonly retryMsMax: number
}

/** Rounds of many shards, and of many clusters, drift apart. */
const jitter = 0.1

export class ShardTurn {
  running: Promise<void> | undefined
  readonly #closing = new AbortController()
  readonly #turn: ReturnType<typeof holdTurn>
  readonly #times: ShardTimes
  /** On the clock of performance.now(). */
  #dueAtMs: number
  /** Undefined until the shard was looked at. */
  #nodeIds: string | undefined
  #retryAtMs = 0
  #retryMs: number

  constructor(turn: ReturnType<typeof holdTurn>, times: ShardTimes) {
    this.#turn = turn
    this.#times = times
    this.#retryMs = times.retryMsMin
    this.#dueAtMs = performance.now() + Math.random() * times.repairEveryMs
  }

  /** Aborted when the repair under way is to end. */
  get signal(): AbortSignal {
    return this.#closing.signal
  }

  held(): boolean {
    return this.#turn.held()
  }

  /** Compared soon when the shard has other nodes than before: a new one has none of its blobs. */
  follow(nodeIds: readonly string[]): void {
    const ids = [...nodeIds].sort().join(',')
    if (this.#nodeIds !== undefined && this.#nodeIds !== ids) this.#dueAtMs = performance.now()
    this.#nodeIds = ids
  }

  isDue(): boolean {
    return performance.now() >= this.#dueAtMs
  }

  /** Whether the wait after a repair that was not complete is over. */
  mayRetry(): boolean {
    return performance.now() >= this.#retryAtMs
  }

  /** All of it was compared and repaired. */
  done(): void {
    const { repairEveryMs, retryMsMin } = this.#times
    this.#retryMs = retryMsMin
    this.#retryAtMs = 0
    this.#dueAtMs = performance.now() + repairEveryMs * (1 - jitter + 2 * jitter * Math.random())
  }

  retryLater(): void {
    const { repairEveryMs, retryMsMax } = this.#times
    this.#retryAtMs = performance.now() + this.#retryMs
    this.#dueAtMs = performance.now() + Math.min(this.#retryMs, repairEveryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, retryMsMax)
  }

  /** Ends the repair under way and lets others have the turn. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('The shard is not repaired here any more'))
    await this.running
    await this.#turn.release()
  }
}
