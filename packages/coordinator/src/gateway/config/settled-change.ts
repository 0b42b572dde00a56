// Takes several steps for one change, once no more of them come: a file that is written in parts must not be read half.

export interface SettleTimes {
  /** After the last step. */
  readonly quietMs: number
  /** After the first one, for what never comes to rest. */
  readonly mostMs: number
}

export class SettledChange {
  readonly #onSettled: () => void
  readonly #times: SettleTimes
  #firstAtMs: number | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(onSettled: () => void, times: SettleTimes) {
    this.#onSettled = onSettled
    this.#times = times
  }

  note(): void {
    const { quietMs, mostMs } = this.#times
    const nowMs = performance.now()
    this.#firstAtMs ??= nowMs
    const waitMs = Math.max(0, Math.min(quietMs, this.#firstAtMs + mostMs - nowMs))
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#firstAtMs = undefined
      this.#onSettled()
    }, waitMs).unref()
  }

  /** What was noted is forgotten. */
  close(): void {
    clearTimeout(this.#timer)
  }
}
