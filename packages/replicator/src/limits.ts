// Every limit and deadline of a replicator that is not an option of its own, in one place. docs/replicator.md lists them.

const secondMs = 1_000

export const replicatorLimits = {
  /** A blob up to this size is copied through memory in one piece, a larger one is streamed. */
  memoryBodyBytesMax: 1024 * 1024,
  /** The queue is asked again this soon after it had nothing due, then half as often each time. */
  pollMsMin: 10,
  pollMsMax: 100,
  /** As long as no server of the queue answers. */
  queueAwayMsMin: 100,
  queueAwayMsMax: 2 * secondMs,
  /** Failures in a row that a node may show while it says that it is ready; then it counts as away. */
  hiccupsMax: 3,
  /** A node that is away is left alone so long, and twice as long each time that it still is. */
  pauseMsMin: secondMs,
  pauseMsMax: 60 * secondMs,
  /** A node that is away is asked whether it is back. */
  probeEveryMs: 2 * secondMs,
  probeMs: 2 * secondMs,
  /** A task that no node has the blob of is parked at this failure. */
  attemptsWithoutSource: 5,
  /** Any other is parked at this failure, unless it only waits for nodes that are away. */
  attemptsMax: 20,
  /** A task younger than this is not closed because the model does not know its target: the model may lag behind. */
  modelLagMs: 60 * secondMs,
  /** A model read for such a task serves others for so long. */
  freshModelMs: 5 * secondMs,
  /** A target that takes its copies is noted as answering this often. */
  answeringEveryMs: 60 * secondMs,
  /** How long close() waits for tasks under way. */
  closeMs: 10 * secondMs,
} as const

export type ReplicatorLimits = { readonly [Limit in keyof typeof replicatorLimits]: number }
