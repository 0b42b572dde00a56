// Asks the queue for tasks, and says once that it is away and once that it is back.
import type { Claim, ClaimOptions, ReplicationQueue } from '@backpack/cluster-model'
import { codeOf } from '../error-codes.js'
import type { ReplicatorLimits } from '../limits.js'
import type { ReplicatorLog } from '../options.js'

export class Claimer {
  readonly #queue: Pick<ReplicationQueue, 'claim'>
  readonly #limits: ReplicatorLimits
  readonly #log: ReplicatorLog
  #pollMs: number
  #awayMs = 0

  constructor(
    queue: Pick<ReplicationQueue, 'claim'>,
    { limits, log }: { limits: ReplicatorLimits; log: ReplicatorLog },
  ) {
    this.#queue = queue
    this.#limits = limits
    this.#log = log
    this.#pollMs = limits.pollMsMin
  }

  /** Whether the last claim was answered. */
  get queueAnswers(): boolean {
    return this.#awayMs === 0
  }

  /** Never rejects. `waitMs`: how long to wait before the next one, unless a task ends meanwhile. */
  async claim(options: ClaimOptions): Promise<{ claims: readonly Claim[]; waitMs: number }> {
    const { pollMsMin, pollMsMax, queueAwayMsMin, queueAwayMsMax } = this.#limits
    try {
      const claims = await this.#queue.claim(options)
      if (this.#awayMs > 0) this.#log.info({}, 'the queue is back')
      this.#awayMs = 0
      this.#pollMs = claims.length > 0 ? pollMsMin : Math.min(pollMsMax, this.#pollMs * 2)
      return { claims, waitMs: claims.length === options.limit ? 0 : this.#pollMs }
    } catch (error) {
      if (this.#awayMs === 0) {
        const message = codeOf(error) === 'QUEUE_AWAY' ? 'the queue is away' : 'the queue gave no tasks'
        this.#log.warn({ err: error }, message)
      }
      this.#awayMs = Math.min(queueAwayMsMax, Math.max(queueAwayMsMin, this.#awayMs * 2))
      return { claims: [], waitMs: this.#awayMs }
    }
  }
}
