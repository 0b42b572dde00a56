// How many blob bytes per second may be copied: a token bucket that everybody takes from in small pieces, in turn, so
// that a large blob does not hold up the small ones.
import { setTimeout as sleep } from 'node:timers/promises'

const pieceBytes = 64 * 1024
/** After a pause so much may go at once. */
const burstMs = 100
const secondMs = 1_000

export interface LimitClock {
  nowMs(): number
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>
}

const systemClock: LimitClock = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
}

export class BandwidthLimit {
  readonly #bytesPerSecond: number | undefined
  readonly #clock: LimitClock
  /** When everything taken so far will have gone. */
  #paidUntilMs = 0

  /** Undefined: no limit. */
  constructor(bytesPerSecond: number | undefined, clock = systemClock) {
    this.#bytesPerSecond = bytesPerSecond
    this.#clock = clock
  }

  /** Resolves when so many bytes may be sent. Rejects when aborted. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    if (this.#bytesPerSecond === undefined) return
    for (let left = bytes; left > 0; left -= pieceBytes) {
      const waitMs = this.#pay(Math.min(left, pieceBytes), this.#bytesPerSecond)
      if (waitMs > 0) await this.#clock.sleep(waitMs, signal)
    }
  }

  #pay(bytes: number, bytesPerSecond: number): number {
    const nowMs = this.#clock.nowMs()
    const paidUntilMs = Math.max(this.#paidUntilMs, nowMs - burstMs)
    this.#paidUntilMs = paidUntilMs + (bytes / bytesPerSecond) * secondMs
    return this.#paidUntilMs - nowMs
  }
}
