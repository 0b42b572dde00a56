// Every limit and deadline of a coordinator, in one place. docs/coordinator.md lists them.

const mebibyte = 1024 * 1024

export const coordinatorLimits = {
  /** The largest blob a store takes. */
  blobBytesMax: 1024 * mebibyte,
  /** A body up to this size is held in memory, a larger one in a spool file. */
  memoryBodyBytesMax: mebibyte,
  /** All bodies in memory together; beyond it small ones go to spool files too. */
  bodyMemoryBytesMax: 64 * mebibyte,
  /** Uploads under way, from their headers to their answer. */
  uploadsMax: 512,
  /** Slowest acceptable upload, measured over each window after the first. */
  bodyBytesPerSecondMin: 4 * 1024,
  bodyWindowMs: 10_000,
  /** Shards that are tried for one upload. */
  shardsTriedMax: 4,
  /** Of an answer this much may wait for its reader here; beyond that its node has to wait. */
  answerBufferBytesMax: 128 * 1024,
  /** Uploads whose tasks go to the queue together. */
  pushesPerBatchMax: 256,
  /** After this the coordinator asks a queue again that took nothing, before it relies on it. */
  queueAwayMs: 1_000,
  /** Figures of the queue are as old as this at most. */
  queueFiguresMs: 1_000,
  /** To each node, for reads and for everything else. As many as clients have, so that no request waits for one. */
  nodeConnectionsMax: 1_024,
  connectMs: 2_000,
  /** From the first byte of a request to the end of its headers. */
  headersMs: 10_000,
  /** A kept-alive connection without a request. */
  keepAliveMs: 72_000,
  /** A client that takes nothing of its answer. */
  stalledMs: 60_000,
  /** Slowest acceptable reader, measured over each window in which an answer waits for it. */
  answerBytesPerSecondMin: 1024,
  answerWindowMs: 60_000,
  /** Request line and headers together. */
  headerBytesMax: 16 * 1024,
  headersCountMax: 100,
  connectionsMax: 1_024,
  /** How often these deadlines are looked at: each may be met so much later. */
  checkEveryMs: 1_000,
  /** How long drain() waits for requests under way. */
  drainMs: 30_000,
  /** The coordinator whose turn it is publishes the sizes of the shards at least so often. */
  sizesEveryMs: 3_000,
  /** Nodes that are asked for their statistics at once. */
  statsAskedMax: 16,
  /** Statistics later than this do not count. */
  statsAnswerMs: 2_000,
  /** After so many rounds without an answer nothing is known of a node any more. */
  statsMissedMax: 3,
  /** A node that failed is asked so often whether it is back. */
  probeFailedEveryMs: 1_000,
  /** In every so manieth of those rounds all nodes are asked. */
  probeAllRounds: 5,
  probeAnswerMs: 2_000,
  statsdEveryMs: 10_000,
  /** Parked tasks that are listed. */
  parkedListedMax: 1_000,
} as const

export type CoordinatorLimits = { readonly [Limit in keyof typeof coordinatorLimits]: number }
