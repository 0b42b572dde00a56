// The daemon's limits and deadlines, in one place.

export const httpLimits = {
  /** From the first byte of a connection, or of a request, to the end of its headers. */
  headersMs: 10_000,
  /** A kept-alive connection without a request. */
  keepAliveMs: 72_000,
  /** A response that makes no progress at all. */
  stalledMs: 60_000,
  /** Slowest acceptable upload, measured over each window after the first. */
  bodyBytesPerSecondMin: 4 * 1024,
  bodyWindowMs: 10_000,
  /** Request line and headers together. */
  headerBytesMax: 16 * 1024,
  headersCountMax: 100,
  connectionsMax: 4096,
  /** How often these deadlines are looked at: each may be met so much later. */
  checkEveryMs: 1_000,
  /** How long SIGTERM waits for requests under way. */
  drainMs: 30_000,
} as const

export type HttpLimits = { readonly [Limit in keyof typeof httpLimits]: number }
