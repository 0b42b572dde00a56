// Several ranges of one blob as multipart/byteranges. Each part is fetched as a range of its own, from any node, and only
// of the version that the plan is made for: bytes of two versions never meet in one answer.
import { ClusterError, pathOfName } from '@backpack/cluster-model'
import type { ServerResponse } from 'node:http'
import type { GatewayParts } from '../gateway-parts.js'
import { askHead, type BlobHead } from './ask-head.js'
import { askedType, type BlobRead, rangeInvalid } from './blob-read.js'
import { type AskedRange, type ByteRange, placeRanges } from './byte-ranges.js'
import { namedType } from './content-type.js'
import { frameMultipart, type MultipartFrame, newBoundary } from './multipart-body.js'
import { closePart, openPart, type PartOrder, sendPart } from './open-part.js'

/** A blob that is overwritten so often while it is asked for is answered 503. */
const startsMax = 3

/** 'answered', or what is to be answered instead: the whole blob, or the only range that lies in it. */
export type SeveralEnd = 'answered' | 'whole' | AskedRange

/** Throws as serveRead(), before anything was sent. */
export async function serveSeveral(
  parts: GatewayParts,
  read: BlobRead,
  { asked, response }: { asked: readonly AskedRange[]; response: ServerResponse },
): Promise<SeveralEnd> {
  for (let start = 0; start < startsMax; start++) {
    const head = await askHead(parts, read)
    if (response.destroyed) return 'answered'
    if (head.status === 304) {
      response.writeHead(304, head.headers)
      response.end()
      return 'answered'
    }
    if (!rangeStillHolds(read.conditions['if-range'], head)) return 'whole'
    const ranges = placeRanges(asked, head.sizeBytes)
    if (ranges === 'whole') return 'whole'
    if (ranges === 'unsatisfiable') throw rangeInvalid(`bytes */${head.sizeBytes}`)
    const [first, second] = ranges
    if (first !== undefined && second === undefined) return { first: first.start, last: first.end }
    if (await sendRanges(parts, read, { head, ranges, response })) return 'answered'
  }
  throw new ClusterError('NODES_AWAY', 'The blob changes while it is read')
}

/** Whether the client's part of the blob is of this version: the same strong ETag, or the exact date (RFC 9110, 13.1.5). */
function rangeStillHolds(ifRange: string | undefined, { etag, headers }: BlobHead): boolean {
  if (ifRange === undefined) return true
  const text = ifRange.trim()
  if (text.startsWith('"') || text.startsWith('W/')) return text === etag
  return Date.parse(text) === Date.parse(headers['last-modified'] ?? '')
}

interface RangesOrder {
  readonly head: BlobHead
  readonly ranges: readonly ByteRange[]
  readonly response: ServerResponse
}

/** False when this version is nowhere any more and nothing was sent; later that ends the connection. */
async function sendRanges(
  parts: GatewayParts,
  read: BlobRead,
  { head, ranges, response }: RangesOrder,
): Promise<boolean> {
  const { etag, sizeBytes, headers } = head
  const contentType =
    namedType(read.name, headers['content-type'], read.contentTypes) ??
    (await askedType({ pool: head.pool, path: pathOfName(read.name) }, etag))
  const frame = frameMultipart(ranges, { sizeBytes, contentType, boundary: newBoundary() })
  for (const { range, head: partHead } of frame.parts) {
    const order: PartOrder = { etag, sizeBytes, range, response }
    const body = await openOrNot(parts, read, order)
    if (response.destroyed) {
      // What nobody reads waits, and would hold its connection to the node.
      if (body !== undefined) await closePart(body)
      return true
    }
    if (body === undefined && !response.headersSent) return false
    if (!response.headersSent) response.writeHead(206, multipartHeaders(head, frame))
    response.write(partHead)
    if (body === undefined || !(await sendPart(body, order))) {
      response.destroy()
      return true
    }
  }
  response.end(frame.tail)
  return true
}

/** Once the answer has begun there is nobody to tell that nodes are away. */
async function openOrNot(parts: GatewayParts, read: BlobRead, order: PartOrder) {
  try {
    return await openPart(parts, read, order)
  } catch (error) {
    if (!order.response.headersSent) throw error
    parts.log.warn({ err: error, shard: read.shard.id }, 'a read of several ranges ended early')
    return undefined
  }
}

function multipartHeaders({ headers }: BlobHead, frame: MultipartFrame): Record<string, string> {
  return {
    ...headers,
    'content-type': frame.contentType,
    'content-length': String(frame.lengthBytes),
  }
}
