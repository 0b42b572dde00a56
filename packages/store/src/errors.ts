// Every error the store can give, grouped by phase. Codes are API; messages may change.

/** What a code means to an HTTP client: its status and whether trying again later can help. */
export interface ErrorMeaning {
  readonly status: number
  readonly retryAfterSeconds?: number
}

export const errorCatalogue = {
  // opening
  INVALID_OPTIONS: { status: 400 },
  DIRECTORY_LOCKED: { status: 503 },
  FORMAT_UNKNOWN: { status: 500 },
  VOLUME_UNREADABLE: { status: 500 },
  KEY_MAP_REFUSED: { status: 500 },
  // any time
  STORE_CLOSED: { status: 503, retryAfterSeconds: 1 },
  STORE_FAILED: { status: 503, retryAfterSeconds: 5 },
  READ_ONLY: { status: 403 },
  KEY_MAP_AWAY: { status: 503, retryAfterSeconds: 1 },
  ABORTED: { status: 400 },
  // names
  NAME_INVALID: { status: 400 },
  NAME_RESERVED: { status: 400 },
  NAME_TOO_LONG: { status: 414 },
  // putting and deleting
  CONTENT_TYPE_INVALID: { status: 400 },
  VERSION_INVALID: { status: 400 },
  VERSION_CONFLICT: { status: 409 },
  PRECONDITION_FAILED: { status: 412 },
  LENGTH_REQUIRED: { status: 411 },
  LENGTH_MISMATCH: { status: 400 },
  BLOB_TOO_LARGE: { status: 413 },
  BODY_TOO_SLOW: { status: 408 },
  STORE_BUSY: { status: 503, retryAfterSeconds: 1 },
  DISK_FULL: { status: 507 },
  WRITE_FAILED: { status: 500 },
  SYNC_FAILED: { status: 500 },
  CHECKSUM_MISMATCH: { status: 400 },
  // who may ask
  SIGNATURE_REQUIRED: { status: 403 },
  SIGNATURE_INVALID: { status: 403 },
  VERSION_REQUIRED: { status: 400 },
  LINK_INVALID: { status: 403 },
  LINK_EXPIRED: { status: 403 },
  // getting
  RANGE_INVALID: { status: 416 },
  BLOB_DAMAGED: { status: 500 },
  READ_FAILED: { status: 500 },
  // files of the 2013 store
  IMPORT_INVALID: { status: 400 },
} as const satisfies Record<string, ErrorMeaning>

export type StoreErrorCode = keyof typeof errorCatalogue

/** The one Error class of this package; match `error.code`, not the class, across packages. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: StoreErrorCode,
    message: string,
    { cause, ...details }: { cause?: unknown } & Record<string, unknown> = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }
}

/** The meaning of any thrown value; what is not a StoreError is our fault: 500. */
export function meaningOf(error: unknown): ErrorMeaning {
  return error instanceof StoreError ? errorCatalogue[error.code] : { status: 500 }
}
