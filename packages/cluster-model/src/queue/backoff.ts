export interface Backoff {
  /** After the first failure; doubles with each further one. */
  readonly firstMs: number
  readonly mostMs: number
}

/**
 * How long a task waits that has failed once more after `attempts` failures: exponential, capped, and somewhere in the
 * upper half of that, so that tasks which failed together do not come back together. `random` is 0 up to and without 1.
 */
export function backoffMs(attempts: number, { firstMs, mostMs }: Backoff, random: number): number {
  const wholeMs = Math.min(mostMs, firstMs * 2 ** attempts)
  return Math.round(wholeMs * (0.5 + random / 2))
}
