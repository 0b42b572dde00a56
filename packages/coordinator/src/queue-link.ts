// The queue as the coordinator uses it: knows for a while that it is away, and keeps its figures for those who ask often.
import type { QueueFigures, ReplicationQueue, Task } from '@backpack/cluster-model'
import { codeOf } from './error-codes.js'
import type { CoordinatorLimits } from './limits.js'
import type { CoordinatorLog } from './options.js'
import { TaskBatches } from './task-batches.js'

export class QueueLink {
  readonly queue: ReplicationQueue
  readonly #limits: CoordinatorLimits
  readonly #log: CoordinatorLog
  readonly #batches: TaskBatches
  #awayUntilMs = 0
  #figures: QueueFigures | undefined
  #figuresAtMs = Number.NEGATIVE_INFINITY
  #asking: Promise<QueueFigures | undefined> | undefined

  constructor(queue: ReplicationQueue, { limits, log }: { limits: CoordinatorLimits; log: CoordinatorLog }) {
    this.queue = queue
    this.#batches = new TaskBatches(queue, limits.pushesPerBatchMax)
    this.#limits = limits
    this.#log = log
  }

  /** Whether it took nothing a moment ago: an upload should go where all nodes are up. */
  get away(): boolean {
    return performance.now() < this.#awayUntilMs
  }

  /** The last figures there were, however old. */
  get lastFigures(): QueueFigures | undefined {
    return this.#figures
  }

  /** Whether the tasks were taken: false when no server of the queue did. Throws any other error of push(). */
  async push(tasks: readonly Task[]): Promise<boolean> {
    try {
      await this.#batches.push(tasks)
      this.#awayUntilMs = 0
      return true
    } catch (error) {
      if (codeOf(error) !== 'QUEUE_AWAY') throw error
      if (!this.away) this.#log.warn({ err: error }, 'no queue server takes tasks; copies are made directly')
      this.#awayUntilMs = performance.now() + this.#limits.queueAwayMs
      return false
    }
  }

  /** At most queueFiguresMs old; undefined while no server answers. Never throws. */
  async figures(): Promise<QueueFigures | undefined> {
    if (performance.now() - this.#figuresAtMs < this.#limits.queueFiguresMs) return this.#figures
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #ask(): Promise<QueueFigures | undefined> {
    try {
      const figures = await this.queue.figures()
      this.#figures = figures
      this.#figuresAtMs = performance.now()
      return figures
    } catch (error) {
      this.#log.warn({ err: error }, 'the queue does not say its figures')
      return undefined
    }
  }
}
