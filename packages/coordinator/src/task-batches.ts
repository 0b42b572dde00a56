// Tasks of uploads that end at the same time go to the queue together: while one push is under way the next ones gather.
import type { ReplicationQueue, Task } from '@backpack/cluster-model'

interface Waiting {
  readonly tasks: readonly Task[]
  resolve(): void
  reject(error: unknown): void
}

export class TaskBatches {
  readonly #queue: ReplicationQueue
  readonly #pushesPerBatchMax: number
  #waiting: Waiting[] = []
  #pushing = false

  constructor(queue: ReplicationQueue, pushesPerBatchMax: number) {
    this.#queue = queue
    this.#pushesPerBatchMax = pushesPerBatchMax
  }

  /** As ReplicationQueue.push(). */
  push(tasks: readonly Task[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ tasks, resolve, reject })
      if (!this.#pushing) void this.#pushAll()
    })
  }

  async #pushAll(): Promise<void> {
    this.#pushing = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, this.#pushesPerBatchMax)
      this.#waiting = this.#waiting.slice(batch.length)
      try {
        await this.#queue.push(batch.flatMap(({ tasks }) => tasks))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#pushing = false
  }
}
