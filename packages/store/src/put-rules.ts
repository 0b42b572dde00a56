// What may be put or deleted over what: content types, versions, preconditions. Pure.
import { formatEtag } from './blob-info.js'
import { StoreError } from './errors.js'
import { formatVersion, versionAheadMsMax, versionMs } from './needle/blob-version.js'
import { contentTypeBytesMax } from './needle/needle-format.js'
import type { PresentNeedle } from './volume/blob-finder.js'

export interface Preconditions {
  /** Only when the present blob has this ETag (with quotes), or '*': only when there is one (RFC 9110, 13.1.1). */
  readonly ifMatch?: string | undefined
  /** '*': only when there is no blob of this name (RFC 9110, 13.1.2). */
  readonly ifNoneMatch?: '*' | undefined
}

export interface PutOptions extends Preconditions {
  /** As in a Content-Type header, `type/subtype` first; at most 255 printable ASCII bytes. */
  readonly contentType?: string | undefined
  /** For copies: the version the first store gave. Absent: this store assigns one. */
  readonly version?: bigint | undefined
  /** The exact length of a stream's data; another length is refused. */
  readonly sizeBytes?: number | undefined
  /** The CRC-32 of the data, as in the ETag; data with another one is refused and not stored. */
  readonly checksum?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface DeleteOptions extends Preconditions {
  readonly version?: bigint | undefined
}

const printableAscii = /^[\u0020-\u007e]*$/
/** type "/" subtype, parameters behind (RFC 9110, 8.3.1). */
const mediaType = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+[ \t]*(;|$)/
const versionMax = 2n ** 64n - 1n

export function isMediaType(text: string): boolean {
  return mediaType.test(text)
}

/** Throws CONTENT_TYPE_INVALID. */
export function encodeContentType(contentType = ''): Buffer {
  const named = contentType === '' || isMediaType(contentType)
  if (!named || contentType.length > contentTypeBytesMax || !printableAscii.test(contentType)) {
    throw new StoreError(
      'CONTENT_TYPE_INVALID',
      `A content type reads "type/subtype" and has at most ${contentTypeBytesMax} printable ASCII bytes`,
    )
  }
  return Buffer.from(contentType, 'latin1')
}

/** A version from a clock that runs ahead would win over everything to come. Throws VERSION_INVALID. */
export function checkVersionAhead(version: bigint | undefined): void {
  if (version === undefined) return
  if (version < 0n || version > versionMax) throw new StoreError('VERSION_INVALID', 'A version has 64 bits')
  if (versionMs(version) > Date.now() + versionAheadMsMax) {
    throw new StoreError(
      'VERSION_INVALID',
      `Version ${formatVersion(version)} is more than a minute ahead of this clock`,
    )
  }
}

/** Throws CHECKSUM_MISMATCH for another CRC-32 than the expected one, when one is expected. */
export function checkChecksum(checksum: number, expected: number | undefined): void {
  if (expected === undefined || checksum === expected) return
  const [came, wanted] = [checksum, expected].map((sum) => sum.toString(16).padStart(8, '0'))
  throw new StoreError('CHECKSUM_MISMATCH', `The body has the checksum ${came} instead of ${wanted}`)
}

/** Throws PRECONDITION_FAILED. */
export function checkPreconditions(
  present: PresentNeedle | undefined,
  { ifMatch, ifNoneMatch }: Preconditions,
): void {
  const live = present !== undefined && !present.rank.tombstone ? present : undefined
  if (ifNoneMatch === '*' && live !== undefined) {
    throw new StoreError('PRECONDITION_FAILED', 'There is a blob of this name already')
  }
  if (ifMatch === undefined) return
  const etag = live === undefined ? undefined : formatEtag(live.rank.version, live.rank.dataChecksum)
  if (etag === undefined || (ifMatch !== '*' && !ifMatch.split(',').some((tag) => tag.trim() === etag))) {
    throw new StoreError('PRECONDITION_FAILED', 'The blob is not the one that was expected')
  }
}

/** Always throws VERSION_CONFLICT, with the present version in the details. */
export function refuseOlder(present: PresentNeedle | undefined): never {
  const version = present?.rank.version
  throw new StoreError('VERSION_CONFLICT', 'A newer version of this blob is stored', { version })
}
