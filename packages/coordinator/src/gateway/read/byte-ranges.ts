// Which bytes a read asks for (RFC 9110, section 14): a Range header, or `offset` and `size` of the query. Pure.
import { ClusterError } from '@backpack/cluster-model'

/** Both ends belong to it. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** A range as it was asked for. Without `first` it is the last `last` bytes, without `last` everything from `first`. */
export type AskedRange =
  | { readonly first: number; readonly last: number | undefined }
  | { readonly first: undefined; readonly last: number }

/** A request for more gets the whole blob: each range costs a request to a node. */
export const rangesMax = 16

const unitPattern = /^bytes=/i
const rangePattern = /^(\d*)-(\d*)$/
const numberPattern = /^\d{1,15}$/

/** Undefined for no header, and for a unit that is not served; 'malformed' for nonsense. */
export function parseRangeHeader(
  header: string | undefined,
): readonly AskedRange[] | 'malformed' | undefined {
  if (header === undefined) return undefined
  if (!unitPattern.test(header)) return /^[\w!#$%&'*+.^`|~-]+=/.test(header) ? undefined : 'malformed'
  const asked: AskedRange[] = []
  for (const element of header.slice('bytes='.length).split(',')) {
    const text = element.replace(/^[ \t]+|[ \t]+$/g, '')
    // A list may have empty elements (RFC 9110, 5.6.1.2).
    if (text === '') continue
    const range = parseOne(text)
    if (range === undefined) return 'malformed'
    asked.push(range)
  }
  return asked.length === 0 ? 'malformed' : asked
}

function parseOne(text: string): AskedRange | undefined {
  const [, firstText, lastText] = rangePattern.exec(text) ?? []
  if (firstText === undefined || lastText === undefined || (firstText === '' && lastText === ''))
    return undefined
  if (firstText === '') return { first: undefined, last: placeOf(lastText) }
  const first = placeOf(firstText)
  if (lastText === '') return { first, last: undefined }
  const last = placeOf(lastText)
  return last < first ? undefined : { first, last }
}

/** No blob reaches so far as numbers are exact. */
function placeOf(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER)
}

/** One range, as a header asks for it. */
export function rangeHeaderOf({ first, last }: AskedRange): string {
  return `bytes=${first ?? ''}-${last ?? ''}`
}

/**
 * The ranges that lie in the blob, in the order in which they were asked for. 'whole' when there are too many of them or
 * two overlap (RFC 9110, 14.2), 'unsatisfiable' when all lie outside.
 */
export function placeRanges(
  asked: readonly AskedRange[],
  sizeBytes: number,
): readonly ByteRange[] | 'whole' | 'unsatisfiable' {
  if (asked.length > rangesMax) return 'whole'
  const placed = asked.map((range) => placeOne(range, sizeBytes)).filter((range) => range !== undefined)
  if (placed.length === 0) return 'unsatisfiable'
  const sorted = [...placed].sort((one, other) => one.start - other.start)
  const overlap = sorted.some(({ start }, at) => at > 0 && start <= (sorted[at - 1] as ByteRange).end)
  return overlap ? 'whole' : placed
}

function placeOne({ first, last }: AskedRange, sizeBytes: number): ByteRange | undefined {
  if (first === undefined) {
    return last === 0 || sizeBytes === 0
      ? undefined
      : { start: Math.max(0, sizeBytes - last), end: sizeBytes - 1 }
  }
  if (first >= sizeBytes) return undefined
  return { start: first, end: Math.min(last ?? sizeBytes - 1, sizeBytes - 1) }
}

/** What `offset` and `size` of a query ask for, in bytes. */
export interface AskedSlice {
  readonly offset: number
  /** Undefined: to the end of the blob. */
  readonly size: number | undefined
}

/** Undefined when the query has neither. A `size` of 0 stands for the rest. Throws REQUEST_INVALID. */
export function sliceOfQuery(
  query: readonly (readonly [string, string])[] | undefined,
): AskedSlice | undefined {
  const offset = numberOf(query, 'offset')
  const size = numberOf(query, 'size')
  if (offset === undefined && size === undefined) return undefined
  return { offset: offset ?? 0, size: size === 0 ? undefined : size }
}

function numberOf(
  query: readonly (readonly [string, string])[] | undefined,
  name: string,
): number | undefined {
  const text = query?.find(([each]) => each === name)?.[1]
  if (text === undefined) return undefined
  if (!numberPattern.test(text))
    throw new ClusterError('REQUEST_INVALID', `${name} must be a number of bytes`)
  return Number(text)
}

/** Undefined when it is not wholly in the blob. */
export function placeSlice({ offset, size }: AskedSlice, sizeBytes: number): ByteRange | undefined {
  const end = size === undefined ? sizeBytes : offset + size
  return offset < sizeBytes && end <= sizeBytes ? { start: offset, end: end - 1 } : undefined
}

export function rangeOfSlice({ offset, size }: AskedSlice): AskedRange {
  return { first: offset, last: size === undefined ? undefined : offset + size - 1 }
}

const contentRangePattern = /^bytes (\d+)-(\d+)\/(\d+)$/

/** What a Content-Range header says; undefined for none, and for that of a 416. */
export function parseContentRange(
  header: string | undefined,
): (ByteRange & { readonly sizeBytes: number }) | undefined {
  const [, start, end, size] = contentRangePattern.exec(header ?? '') ?? []
  return start === undefined ? undefined : { start: Number(start), end: Number(end), sizeBytes: Number(size) }
}
