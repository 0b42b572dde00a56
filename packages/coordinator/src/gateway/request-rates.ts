// Requests and bytes a second, for each handler and class of status, as moving averages over 1, 2 and 3 seconds: what
// /proxy_stat shows. The names are fixed, so no client can make it grow.

import { handlerNames } from './handler-names.js'

/** Anything that is no handler's is a static file, which Backrunner calls `/`. */
const staticFiles = '/'
const windowsSeconds = [1, 2, 3] as const
/** An average below this is shown as 0, and a class whose averages all are is left out. */
const shownFrom = 0.001

/** Per second, averaged over 1, 2 and 3 seconds. */
export type Averages = readonly number[]

export interface ClassRates {
  readonly BPS: Averages
  readonly RPS: Averages
}

/** As it stands in the JSON: the key is the status class, `200` for 2xx. */
export interface HandlerRates {
  readonly RS: Readonly<Record<string, ClassRates>>
}

interface Moving {
  atMs: number
  readonly requests: number[]
  readonly bytes: number[]
}

export class RequestRates {
  readonly #handlers = new Map<string, Map<string, Moving>>(
    [...handlerNames, staticFiles].map((handler) => [handler, new Map()]),
  )
  readonly #nowMs: () => number

  /** `nowMs` counts milliseconds from anywhere, and never goes back. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /** Counts an answer and the bytes of its photo, in or out. */
  count(handler: string, status: number, sizeBytes: number): void {
    const classes = this.#handlers.get(handler) ?? this.#handlers.get(staticFiles)!
    const name = statusClass(status)
    let moving = classes.get(name)
    if (moving === undefined) {
      moving = {
        atMs: this.#nowMs(),
        requests: windowsSeconds.map(() => 0),
        bytes: windowsSeconds.map(() => 0),
      }
      classes.set(name, moving)
    }
    this.#fade(moving)
    for (const [at, seconds] of windowsSeconds.entries()) {
      moving.requests[at] = (moving.requests[at] ?? 0) + 1 / seconds
      moving.bytes[at] = (moving.bytes[at] ?? 0) + sizeBytes / seconds
    }
  }

  /** Every handler by its name; the classes without answers of late are left out. */
  describe(): Record<string, HandlerRates> {
    return Object.fromEntries(
      [...this.#handlers].map(([handler, classes]) => [handler, { RS: this.#describeClasses(classes) }]),
    )
  }

  #describeClasses(classes: ReadonlyMap<string, Moving>): Record<string, ClassRates> {
    const shown: Record<string, ClassRates> = {}
    for (const [name, moving] of classes) {
      this.#fade(moving)
      if (moving.requests.every((rate) => rate < shownFrom)) continue
      shown[name] = { BPS: moving.bytes.map(rounded), RPS: moving.requests.map(rounded) }
    }
    return shown
  }

  /** What was counted before weighs e^(-t/window) of what it did t ago. */
  #fade(moving: Moving): void {
    const nowMs = this.#nowMs()
    const elapsedSeconds = (nowMs - moving.atMs) / 1000
    moving.atMs = nowMs
    for (const [at, seconds] of windowsSeconds.entries()) {
      const left = Math.exp(-elapsedSeconds / seconds)
      moving.requests[at] = (moving.requests[at] ?? 0) * left
      moving.bytes[at] = (moving.bytes[at] ?? 0) * left
    }
  }
}

/** 2xx is `200`, and so on; what is none of the five classes counts as `500`. */
function statusClass(status: number): string {
  const hundreds = Math.floor(status / 100)
  return hundreds >= 1 && hundreds <= 5 ? String(hundreds * 100) : '500'
}

function rounded(rate: number): number {
  return rate < shownFrom ? 0 : Number(rate.toFixed(3))
}
