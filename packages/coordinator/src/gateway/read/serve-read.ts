// GET and HEAD of a blob through the gateway: whole, one range, or several.
import { ClusterError, pathOfName, type Shard } from '@backpack/cluster-model'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { codeOf, detailOf } from '../../error-codes.js'
import { proxyRead } from '../../http/proxy-read.js'
import { forwardedHeaders, readFromNodes } from '../../http/serve-blob.js'
import type { GatewayParts } from '../gateway-parts.js'
import type { GatewayTarget } from '../gateway-request.js'
import { type BlobRead, refusalOfRead, shapeFor } from './blob-read.js'
import {
  type AskedRange,
  type AskedSlice,
  parseRangeHeader,
  rangeHeaderOf,
  rangeOfSlice,
  rangesMax,
  sliceOfQuery,
} from './byte-ranges.js'
import { serveSeveral } from './serve-several.js'

export interface ReadOrder {
  readonly shard: Shard
  readonly name: string
  readonly query: GatewayTarget['query']
}

/**
 * Answers on `response`, or throws before anything was sent: REQUEST_INVALID, BLOB_MISSING (also for a blob that is
 * damaged everywhere), RANGE_INVALID and PRECONDITION_FAILED, NODES_AWAY.
 */
export async function serveRead(
  parts: GatewayParts,
  { shard, name, query }: ReadOrder,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const method = request.method === 'HEAD' ? 'HEAD' : 'GET'
  const { range, ...conditions } = forwardedHeaders(request)
  const read: BlobRead = { shard, name, method, conditions, contentTypes: parts.config().contentTypes }
  const slice = sliceOfQuery(query)
  try {
    // A Range means nothing to a HEAD (RFC 9110, 14.2).
    if (method === 'HEAD') await serveOne(parts, read, { response })
    else if (slice !== undefined) await serveSlice(parts, read, { slice, response })
    else await serveRanges(parts, read, { asked: parseRangeHeader(range), response })
  } catch (error) {
    if (codeOf(error) !== 'NODES_AWAY' || detailOf(error, 'damaged') !== true) throw error
    throw new ClusterError('BLOB_MISSING', 'Every copy of the blob is damaged', { cause: error })
  }
}

/** Nobody who asks for a slice has another part of the blob already: there is nothing for If-Range to compare. */
function serveSlice(
  parts: GatewayParts,
  read: BlobRead,
  { slice, response }: { slice: AskedSlice; response: ServerResponse },
): Promise<void> {
  const { 'if-range': _, ...conditions } = read.conditions
  return serveOne(parts, { ...read, conditions }, { range: rangeOfSlice(slice), slice, response })
}

async function serveRanges(
  parts: GatewayParts,
  read: BlobRead,
  { asked, response }: { asked: ReturnType<typeof parseRangeHeader>; response: ServerResponse },
): Promise<void> {
  if (asked === undefined || (asked !== 'malformed' && asked.length > rangesMax)) {
    return serveOne(parts, read, { response })
  }
  // What is no range lies nowhere in the blob: 416, as Backrunner said it.
  const ranges = asked === 'malformed' ? [] : asked
  const [first, second] = ranges
  if (first !== undefined && second === undefined) return serveOne(parts, read, { range: first, response })
  const rest = await serveSeveral(parts, read, { asked: ranges, response })
  if (rest !== 'answered')
    await serveOne(parts, read, { range: rest === 'whole' ? undefined : rest, response })
}

interface OneAnswer {
  /** Undefined: the whole blob. */
  readonly range?: AskedRange | undefined
  readonly slice?: AskedSlice
  readonly response: ServerResponse
}

async function serveOne(
  parts: GatewayParts,
  read: BlobRead,
  { range, slice, response }: OneAnswer,
): Promise<void> {
  const { method, conditions, name } = read
  const path = pathOfName(name)
  const headers = range === undefined ? conditions : { ...conditions, range: rangeHeaderOf(range) }
  const end = await readFromNodes(parts, read, (node) => {
    const pool = parts.readPools.get(node.url)
    const shape = shapeFor(read, { pool, path }, slice)
    return proxyRead({ pool, method, path, headers, shape }, response, parts.limits)
  })
  if (end.outcome === 'missing' || end.outcome === 'refused') throw refusalOfRead(end)
}
