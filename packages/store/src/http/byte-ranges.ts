// Range and conditional headers of a GET (RFC 9110, sections 13 and 14). Pure.
import type { BlobInfo } from '../blob-info.js'
import type { ByteRange } from '../volume/needle-reader.js'

const oneRange = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i

/**
 * 'whole' when the header asks for nothing we serve (other units, several ranges, nonsense: RFC 9110 lets a server
 * ignore it), 'unsatisfiable' when the range is well-formed but outside of the blob.
 */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | 'whole' | 'unsatisfiable' {
  const [, first, last] = oneRange.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return 'whole'
  if (first === '') {
    const suffixBytes = Number(last)
    if (suffixBytes === 0) return 'unsatisfiable'
    return { start: Math.max(0, sizeBytes - suffixBytes), end: sizeBytes - 1 }
  }
  const start = Number(first)
  const end = last === '' ? Number.POSITIVE_INFINITY : Number(last)
  if (end < start) return 'whole'
  if (start >= sizeBytes) return 'unsatisfiable'
  return { start, end: Math.min(end, sizeBytes - 1) }
}

/** Whether the blob is not the one that the client means: If-Match decides, If-Unmodified-Since only without it. */
export function failsPrecondition(
  headers: { 'if-match'?: string | undefined; 'if-unmodified-since'?: string | undefined },
  info: BlobInfo,
): boolean {
  const tags = headers['if-match']
  // Weak tags never match here (RFC 9110, 13.1.1).
  if (tags !== undefined)
    return tags.trim() !== '*' && !tags.split(',').some((tag) => tag.trim() === info.etag)
  const since = Date.parse(headers['if-unmodified-since'] ?? '')
  return Number.isFinite(since) && Math.floor(info.modifiedAtMs / 1000) * 1000 > since
}

/** Whether the client's copy is current: If-None-Match decides, If-Modified-Since only without it. */
export function isNotModified(
  headers: { 'if-none-match'?: string | undefined; 'if-modified-since'?: string | undefined },
  info: BlobInfo,
): boolean {
  const tags = headers['if-none-match']
  if (tags !== undefined) {
    return tags.trim() === '*' || tags.split(',').some((tag) => tag.trim().replace(/^W\//, '') === info.etag)
  }
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return Number.isFinite(since) && Math.floor(info.modifiedAtMs / 1000) * 1000 <= since
}

/** Whether If-Range lets the range through: absent, the same strong ETag, or the exact date (RFC 9110, 13.1.5). */
export function rangeStillHolds(ifRange: string | undefined, info: BlobInfo): boolean {
  if (ifRange === undefined) return true
  const tag = ifRange.trim()
  if (tag.startsWith('"') || tag.startsWith('W/')) return tag === info.etag
  return Date.parse(tag) === Math.floor(info.modifiedAtMs / 1000) * 1000
}
