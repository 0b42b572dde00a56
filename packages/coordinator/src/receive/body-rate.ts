// Watches bodies on their way in and ends those slower than the minimum rate: a slow client must not hold a place.
import { ClusterError } from '@backpack/cluster-model'
import type { CoordinatorLimits } from '../limits.js'

export interface WatchedBody {
  /** Counts bytes that came. */
  add(bytes: number): void
  /** Ends the watch; may be called again. */
  stop(): void
}

interface Entry {
  windowBytes: number
  windowEndsMs: number
  readonly fail: (error: Error) => void
}

export class BodyRate {
  readonly #entries = new Set<Entry>()
  readonly #limits: CoordinatorLimits
  readonly #timer: NodeJS.Timeout

  constructor(limits: CoordinatorLimits) {
    this.#limits = limits
    this.#timer = setInterval(() => this.#check(), limits.checkEveryMs).unref()
  }

  /** Calls `fail` with BODY_TOO_SLOW, once, when the body comes too slowly. */
  watch(fail: (error: Error) => void): WatchedBody {
    const entry: Entry = { windowBytes: 0, windowEndsMs: Date.now() + this.#limits.bodyWindowMs, fail }
    this.#entries.add(entry)
    return {
      add: (bytes) => {
        entry.windowBytes += bytes
      },
      stop: () => this.#entries.delete(entry),
    }
  }

  close(): void {
    clearInterval(this.#timer)
    this.#entries.clear()
  }

  #check(): void {
    const nowMs = Date.now()
    const { bodyWindowMs, bodyBytesPerSecondMin } = this.#limits
    for (const entry of this.#entries) {
      if (nowMs < entry.windowEndsMs) continue
      if (entry.windowBytes < (bodyBytesPerSecondMin * bodyWindowMs) / 1000) {
        this.#entries.delete(entry)
        entry.fail(
          new ClusterError('BODY_TOO_SLOW', `An upload must bring ${bodyBytesPerSecondMin} bytes a second`),
        )
      }
      entry.windowBytes = 0
      entry.windowEndsMs = nowMs + bodyWindowMs
    }
  }
}
