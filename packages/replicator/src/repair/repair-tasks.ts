// Carries out what a comparison found, a bounded number at once, and counts what came of it.
import type { Task } from '@backpack/cluster-model'
import { messageOf } from '../error-codes.js'

/** Makes one copy or delete, whatever that takes; 'failed' says that the node still lacks it. */
export type CopyTask = (task: Task, signal: AbortSignal) => Promise<'done' | 'failed'>

export interface RepairTasksOptions {
  readonly copyTask: CopyTask
  readonly tasksAtOnce: number
  readonly failuresMax: number
  readonly signal: AbortSignal
  /** Told of a node for which too much fails. */
  readonly leaveOut: (nodeId: string, reason: string) => void
}

export class RepairTasks {
  readonly #options: RepairTasksOptions
  /** By node: failures since the last success. */
  readonly #failures = new Map<string, number>()
  readonly counts = { copied: 0, deleted: 0, failed: 0 }

  constructor(options: RepairTasksOptions) {
    this.#options = options
  }

  /** Resolves when all are done, or those under way after the signal aborted. */
  async run(tasks: Iterable<Task>): Promise<void> {
    const iterator = tasks[Symbol.iterator]()
    const work = async () => {
      for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
        if (this.#options.signal.aborted) return
        await this.#carryOut(next.value)
      }
    }
    await Promise.all(Array.from({ length: this.#options.tasksAtOnce }, work))
  }

  async #carryOut(task: Task): Promise<void> {
    const { failuresMax, leaveOut } = this.#options
    const failures = this.#failures.get(task.to) ?? 0
    if (failures >= failuresMax) {
      this.counts.failed++
      return
    }
    const failure = await this.#tryTask(task)
    if (failure === undefined) {
      this.#failures.delete(task.to)
      if (task.op === 'copy') this.counts.copied++
      else this.counts.deleted++
      return
    }
    if (this.#options.signal.aborted) return
    this.counts.failed++
    const total = (this.#failures.get(task.to) ?? 0) + 1
    this.#failures.set(task.to, total)
    if (total === failuresMax)
      leaveOut(task.to, `${failuresMax} copies to it failed in a row; the last: ${failure}`)
  }

  /** Undefined when it is done, else why not. */
  async #tryTask(task: Task): Promise<string | undefined> {
    try {
      const outcome = await this.#options.copyTask(task, this.#options.signal)
      return outcome === 'done'
        ? undefined
        : `${task.path} was not ${task.op === 'copy' ? 'copied' : 'deleted'}`
    } catch (error) {
      return messageOf(error)
    }
  }
}
