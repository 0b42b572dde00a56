// Every error of the cluster's packages, grouped by where it comes from. Codes are API; messages may change.

export const clusterErrorCatalogue = {
  // the tree
  TREE_AWAY: { status: 503, retryAfterSeconds: 1 },
  TREE_CLOSED: { status: 503 },
  TREE_DAMAGED: { status: 500 },
  CLIENT_MISSING: { status: 500 },
  NODE_MISSING: { status: 404 },
  NODE_EXISTS: { status: 409 },
  NODE_NOT_EMPTY: { status: 409 },
  NODE_TOO_LARGE: { status: 413 },
  VERSION_MISMATCH: { status: 409 },
  // the model
  MODEL_INVALID: { status: 500 },
  MODEL_MISSING: { status: 503, retryAfterSeconds: 5 },
  EDIT_REFUSED: { status: 409 },
  EDIT_LOCKED: { status: 503, retryAfterSeconds: 1 },
  // the queue
  QUEUE_AWAY: { status: 503, retryAfterSeconds: 1 },
  QUEUE_CLOSED: { status: 503 },
  QUEUE_LOCKED: { status: 503 },
  TASK_INVALID: { status: 400 },
  // store nodes
  NODE_AWAY: { status: 503, retryAfterSeconds: 1 },
  NODE_REFUSED: { status: 502 },
  COPY_DAMAGED: { status: 502 },
  // the coordinator
  NAME_INVALID: { status: 400 },
  NAME_RESERVED: { status: 400 },
  NAME_TOO_LONG: { status: 414 },
  ADDRESS_INVALID: { status: 400 },
  CONDITION_REFUSED: { status: 400 },
  LENGTH_REQUIRED: { status: 411 },
  LENGTH_MISMATCH: { status: 400 },
  BLOB_TOO_LARGE: { status: 413 },
  BODY_TOO_SLOW: { status: 408 },
  SPOOL_FAILED: { status: 503, retryAfterSeconds: 5 },
  COORDINATOR_BUSY: { status: 503, retryAfterSeconds: 1 },
  COORDINATOR_CLOSED: { status: 503, retryAfterSeconds: 1 },
  NO_WRITABLE_SHARD: { status: 500 },
  NO_NODE_TOOK_IT: { status: 500 },
  SHARD_UNKNOWN: { status: 400 },
  SHARD_READ_ONLY: { status: 409 },
  SHARD_FULL: { status: 507 },
  COPIES_INVALID: { status: 400 },
  COPIES_MISSING: { status: 503, retryAfterSeconds: 1 },
  NODES_AWAY: { status: 503, retryAfterSeconds: 1 },
  // access and the gateway
  ACCESS_DENIED: { status: 403 },
  NOTHING_FITS: { status: 503, retryAfterSeconds: 5 },
  OUT_OF_SPACE: { status: 507 },
  REQUEST_INVALID: { status: 400 },
  BLOB_MISSING: { status: 404 },
  RANGE_INVALID: { status: 416 },
  PRECONDITION_FAILED: { status: 412 },
  NOT_CONFIGURED: { status: 503 },
  // a gateway's client
  GATEWAY_AWAY: { status: 503, retryAfterSeconds: 1 },
  REQUEST_REFUSED: { status: 502 },
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

/**
 * The code of an error, be it of this copy of the class or of another bundle's: decisions go by it, never by instanceof.
 * Undefined when it has none of ours.
 */
export function codeOf(error: unknown): ClusterErrorCode | undefined {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && Object.hasOwn(clusterErrorCatalogue, code)
    ? (code as ClusterErrorCode)
    : undefined
}

export function isClusterError(error: unknown): error is ClusterError {
  return codeOf(error) !== undefined
}

/** A detail of a coded error; undefined when it has none of that name. */
export function detailOf(error: unknown, name: string): unknown {
  const { details } = (error ?? {}) as { details?: Readonly<Record<string, unknown>> }
  return details?.[name]
}
