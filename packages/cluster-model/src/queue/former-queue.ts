// Moves the tasks of a server that the queue is no longer on. A task goes from there only once it is queued anew; several
// processes may do it at once.
import { setTimeout as wait } from 'node:timers/promises'
import type { RedisQueue } from './redis-queue.js'
import type { Task } from './replication-queue.js'

const tasksPerTurn = 500
const leaseMs = 30_000
const lookMs = 1_000
/** A server that does not answer for this long is given up: most likely it was removed because it is gone. */
const awayMsMax = 10 * 60_000

export interface FormerQueueOptions {
  /** Its key and server. */
  readonly name: string
  /** Closed by the FormerQueue. */
  readonly queue: RedisQueue
  readonly push: (tasks: readonly Task[]) => Promise<void>
  /** Called once, when nothing is left to be moved or it does not answer any more; not after close(). */
  readonly ended: (outcome: { moved: number; isEmpty: boolean }) => void
}

export class FormerQueue {
  readonly name: string
  readonly queue: RedisQueue
  readonly #options: FormerQueueOptions
  readonly #closing = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(options: FormerQueueOptions) {
    this.name = options.name
    this.queue = options.queue
    this.#options = options
  }

  start(): void {
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    let moved = 0
    let isEmpty = false
    let answeredAtMs = performance.now()
    let isRetried = false
    while (!signal.aborted && !isEmpty && performance.now() - answeredAtMs < awayMsMax) {
      try {
        if (!isRetried) await this.queue.retry()
        isRetried = true
        const claims = await this.queue.claim({ limit: tasksPerTurn, leaseMs })
        answeredAtMs = performance.now()
        if (claims.length > 0) {
          await this.#options.push(claims.map(({ task }) => task))
          // The queue may be on this server again: then what was pushed is what is here.
          if (signal.aborted) break
          await this.queue.complete(claims.map(({ id }) => id))
          moved += claims.length
          continue
        }
        isEmpty = (await this.queue.figures()).total === 0
      } catch {
        // Either side is away: what was taken is due again when its lease ends.
      }
      if (!isEmpty) await wait(lookMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
    await this.queue.close()
    if (!signal.aborted) this.#options.ended({ moved, isEmpty })
  }
}
