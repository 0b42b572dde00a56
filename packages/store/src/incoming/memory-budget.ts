// A bound on the memory that bodies under way may take, uploads and downloads together.
import { StoreError } from '../errors.js'

const waitingMax = 10_000

interface Waiter {
  readonly bytes: number
  readonly wake: () => void
}

export class MemoryBudget {
  readonly bytesMax: number
  readonly #waitMsMax: number
  readonly #waiting = new Set<Waiter>()
  #usedBytes = 0

  constructor({ bytesMax, waitMsMax }: { bytesMax: number; waitMsMax: number }) {
    this.bytesMax = bytesMax
    this.#waitMsMax = waitMsMax
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Takes `bytes` at once when they are free; false otherwise. Give back with release(). */
  tryTake(bytes: number): boolean {
    if (this.#waiting.size > 0 || this.#usedBytes + bytes > this.bytesMax) return false
    this.#usedBytes += bytes
    return true
  }

  /** Takes `bytes`, first come first served. Throws STORE_BUSY after the longest wait or behind too long a queue. */
  async take(bytes: number): Promise<void> {
    if (this.tryTake(bytes)) return
    if (this.#waiting.size >= waitingMax)
      throw new StoreError('STORE_BUSY', 'Too many requests wait for memory')
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiter)
        this.#wakeNext()
        reject(new StoreError('STORE_BUSY', `No memory for another body within ${this.#waitMsMax} ms`))
      }, this.#waitMsMax)
      const waiter = {
        bytes,
        wake: () => {
          clearTimeout(timer)
          resolve()
        },
      }
      this.#waiting.add(waiter)
    })
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes
    this.#wakeNext()
  }

  #wakeNext(): void {
    for (const waiter of this.#waiting) {
      if (this.#usedBytes + waiter.bytes > this.bytesMax) return
      this.#usedBytes += waiter.bytes
      this.#waiting.delete(waiter)
      waiter.wake()
    }
  }
}
