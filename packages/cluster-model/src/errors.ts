// Every error of the cluster's packages, grouped by where it comes from. Codes are API; messages may change.

export const clusterErrorCatalogue = {
  // the tree
  TREE_AWAY: { status: 503, retryAfterSeconds: 1 },
  TREE_CLOSED: { status: 503 },
  CLIENT_MISSING: { status: 500 },
  NODE_MISSING: { status: 404 },
  NODE_EXISTS: { status: 409 },
  NODE_NOT_EMPTY: { status: 409 },
  VERSION_MISMATCH: { status: 409 },
  // the model
  MODEL_INVALID: { status: 500 },
  MODEL_MISSING: { status: 503, retryAfterSeconds: 5 },
  EDIT_REFUSED: { status: 409 },
  EDIT_LOCKED: { status: 503, retryAfterSeconds: 1 },
  // the queue
  QUEUE_AWAY: { status: 503, retryAfterSeconds: 1 },
  QUEUE_CLOSED: { status: 503 },
  TASK_INVALID: { status: 400 },
  // store nodes
  NODE_AWAY: { status: 503, retryAfterSeconds: 1 },
  NODE_REFUSED: { status: 502 },
  COPY_DAMAGED: { status: 502 },
  // options of whatever is opened
  INVALID_OPTIONS: { status: 400 },
} as const satisfies Record<string, { status: number; retryAfterSeconds?: number }>

export type ClusterErrorCode = keyof typeof clusterErrorCatalogue

/** The one Error class of this package; match `error.code`, not the class, across packages. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError'
  readonly code: ClusterErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: ClusterErrorCode,
    message: string,
    { cause, ...details }: { cause?: unknown } & Record<string, unknown> = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }
}
