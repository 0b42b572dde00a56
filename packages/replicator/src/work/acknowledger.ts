// Closes tasks in the queue, many at a time: what ends while one batch is on its way makes the next one.
import type { ReplicationQueue } from '@backpack/cluster-model'

export class Acknowledger {
  readonly #queue: Pick<ReplicationQueue, 'complete'>
  #gathered: string[] = []
  #next: Promise<void> | undefined
  #underWay: Promise<unknown> = Promise.resolve()

  constructor(queue: Pick<ReplicationQueue, 'complete'>) {
    this.#queue = queue
  }

  /** Resolves once the queue has closed it. Rejects as complete(). */
  complete(id: string): Promise<void> {
    this.#gathered.push(id)
    this.#next ??= this.#flushAfter(this.#underWay)
    return this.#next
  }

  async #flushAfter(before: Promise<unknown>): Promise<void> {
    await before
    const ids = this.#gathered
    this.#gathered = []
    this.#next = undefined
    const flush = this.#queue.complete(ids)
    this.#underWay = flush.catch(() => undefined)
    await flush
  }
}
