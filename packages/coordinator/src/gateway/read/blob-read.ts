// What a request to /get asks for, and what a gateway makes of the head of a node's answer.
import { blobMissing } from '../gateway-answers.js'
import { ClusterError, type Shard } from '@backpack/cluster-model'
import type { Dispatcher } from 'undici'
import { type AnswerShape, type ReadEnd, silenceMs, type UndecidedHeaders } from '../../http/proxy-read.js'
import { type AskedSlice, parseContentRange, placeSlice } from './byte-ranges.js'
import { namedType, sampleBytesMax, sniffedType, type TypedSuffix, unknownType } from './content-type.js'

export interface BlobRead {
  readonly shard: Shard
  readonly name: string
  readonly method: 'GET' | 'HEAD'
  /** What decides about a read, as the client sent it; without Range. */
  readonly conditions: Readonly<Record<string, string>>
  readonly contentTypes: readonly TypedSuffix[]
}

/** One node's answer to one read. */
export interface NodePlace {
  readonly pool: Dispatcher
  readonly path: string
}

/** Gives the blob its type, and refuses what is no answer of a blob, or not all of the slice. */
export function shapeFor(read: BlobRead, place: NodePlace, slice: AskedSlice | undefined): AnswerShape {
  return (status, headers) => {
    if (status === 304) return { headers }
    if (status !== 200 && status !== 206) return { outcome: 'refused', status, headers }
    if (slice !== undefined) {
      const sizeBytes = parseContentRange(headers['content-range'])?.sizeBytes
      if (sizeBytes !== undefined && placeSlice(slice, sizeBytes) === undefined) return outOfRange(sizeBytes)
    }
    const type = namedType(read.name, headers['content-type'], read.contentTypes)
    if (type === undefined) return { headers, undecided: byFirstBytes(read, place, headers) }
    headers['content-type'] = type
    return { headers }
  }
}

function outOfRange(sizeBytes: number): Extract<ReadEnd, { outcome: 'refused' }> {
  return { outcome: 'refused', status: 416, headers: { 'content-range': `bytes */${sizeBytes}` } }
}

/** An answer that begins with the blob's beginning is looked at as it comes; for any other the beginning is asked for. */
function byFirstBytes(
  { method }: BlobRead,
  place: NodePlace,
  headers: Readonly<Record<string, string>>,
): UndecidedHeaders {
  const range = parseContentRange(headers['content-range'])
  const sizeBytes = range?.sizeBytes ?? Number(headers['content-length'])
  const sampleBytes = Math.min(sampleBytesMax, sizeBytes)
  const hasBeginning = range === undefined || (range.start === 0 && range.end + 1 >= sampleBytes)
  if (method === 'GET' && hasBeginning) {
    return { sampleBytes, decide: async (sample) => ({ 'content-type': await sniffedType(sample) }) }
  }
  return { sampleBytes: 0, decide: async () => ({ 'content-type': await askedType(place, headers['etag']) }) }
}

/** By the first bytes, read for that; `unknownType` when they cannot be had. */
export async function askedType({ pool, path }: NodePlace, etag: string | undefined): Promise<string> {
  try {
    const { statusCode, body } = await pool.request({
      method: 'GET',
      path,
      headers: {
        range: `bytes=0-${sampleBytesMax - 1}`,
        ...(etag === undefined ? {} : { 'if-match': etag }),
      },
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
    })
    body.on('error', () => undefined)
    if (statusCode === 206) return await sniffedType(Buffer.from(await body.arrayBuffer()))
    await body.dump()
  } catch {
    // The blob itself is there: only its type is not known.
  }
  return unknownType
}

/** What a client is told instead of the blob: an end that is an answer, or the blob's absence. */
export function refusalOfRead(end: Extract<ReadEnd, { outcome: 'refused' | 'missing' }>): ClusterError {
  if (end.outcome === 'missing') return blobMissing()
  const { status, headers } = end
  switch (status) {
    case 410:
      return new ClusterError('BLOB_MISSING', 'The blob of this key was deleted')
    case 412:
      return new ClusterError('PRECONDITION_FAILED', 'The blob is not the one that was expected')
    case 416:
      return rangeInvalid(headers['content-range'])
    case 400:
    case 414:
      return new ClusterError('NODE_REFUSED', `A node refused with ${status}`, { status })
    default:
      // Such as a node that wants another secret: no fault of the client's.
      return new ClusterError('NODES_AWAY', `A node refused with ${status}`)
  }
}

export function rangeInvalid(contentRange: string | undefined): ClusterError {
  const headers = contentRange === undefined ? {} : { 'Content-Range': contentRange }
  return new ClusterError('RANGE_INVALID', 'The range lies outside of the blob', { headers })
}
