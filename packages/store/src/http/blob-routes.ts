// PUT, GET, HEAD and DELETE of a blob through fastify: the lane that does everything.
import { expectsContinue } from '@backpack/http-rules'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { BlobHandle } from '../blob-handle.js'
import { StoreError } from '../errors.js'
import { formatVersion, parseVersion } from '../needle/blob-version.js'
import { blobBytesMax, wholeChecksumBytesMax } from '../needle/needle-format.js'
import type { Preconditions } from '../put-rules.js'
import type { Store } from '../store.js'
import type { ByteRange } from '../volume/needle-reader.js'
import { sendCode } from './answer-codes.js'
import { decodeTarget } from './blob-target.js'
import { failsPrecondition, isNotModified, parseRange, rangeStillHolds } from './byte-ranges.js'
import { contentTypeFor } from './guess-content-type.js'
import { pacedStream } from './paced-stream.js'
import { parseLink } from './redirect-link.js'
import type { Permit } from './request-access.js'
import { blobHeaders } from './response-head.js'
import type { UploadWatch } from './upload-rate.js'

/** Every target that is not reserved is routed here: names are opaque, fastify's router must not read them. */
export const blobRoute = '/blob'
export const versionHeader = 'X-Backpack-Version'
const noBlob = 'There is no blob of this name'
const noBlobNorLink =
  'There is no blob of this name. It ends like the link of a redirect: only a store with --redirect-token-file knows links'

export function registerBlobRoutes(
  app: FastifyInstance,
  { store, uploads }: { store: Store; uploads: UploadWatch },
): void {
  app.put(blobRoute, (request, reply) => handlePut(store, uploads, request, reply))
  app.get(blobRoute, (request, reply) => handleGet(store, request, reply))
  app.head(blobRoute, (request, reply) => handleHead(store, request, reply))
  app.delete(blobRoute, (request, reply) => handleDelete(store, request, reply))
}

async function handlePut(store: Store, uploads: UploadWatch, request: FastifyRequest, reply: FastifyReply) {
  const { target, checksum } = permitOf(request)
  const name = decodeTarget(target)
  const sizeBytes = announcedLength(request)
  const goAhead = () => {
    if (expectsContinue(request.raw)) reply.raw.writeContinue()
  }
  const collect = () => {
    goAhead()
    return uploads.collect(request.raw, sizeBytes)
  }
  const small = sizeBytes <= wholeChecksumBytesMax
  const source = small ? collect : startingWith(goAhead, uploads.parts(request.raw))
  const result = await store.put(name, source, {
    sizeBytes,
    contentType: contentTypeFor(name, request.headers['content-type']),
    version: requestedVersion(request),
    checksum,
    ...preconditionsOf(request),
  })
  reply.code(result.created ? 201 : 204).header('ETag', result.etag)
  return reply.send()
}

/** What build-app.ts found out of the request before it came here. */
function permitOf(request: FastifyRequest): Permit {
  return request.getDecorator<Permit>('permit')
}

/** The client is told to send its body once the rest of its request was accepted (RFC 9110, 10.1.1). */
async function* startingWith(goAhead: () => void, parts: AsyncGenerator<Buffer, void, undefined>) {
  goAhead()
  yield* parts
}

/** 2013 answered 411 to a body without a length, and to one of no bytes; scripts rely on it. */
function announcedLength({ headers }: FastifyRequest): number {
  const length = headers['content-length']
  if (length === undefined || headers['transfer-encoding'] !== undefined || Number(length) === 0) {
    throw new StoreError('LENGTH_REQUIRED', 'A PUT needs a Content-Length of at least 1')
  }
  const sizeBytes = Number(length)
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes > blobBytesMax) {
    throw new StoreError('BLOB_TOO_LARGE', `A blob may have ${blobBytesMax} bytes`)
  }
  return sizeBytes
}

function requestedVersion({ headers }: FastifyRequest): bigint | undefined {
  const text = headers['x-backpack-version']
  if (text === undefined) return undefined
  const version = typeof text === 'string' ? parseVersion(text) : undefined
  if (version === undefined) throw new StoreError('VERSION_INVALID', `${versionHeader} must be 16 hex digits`)
  return version
}

function preconditionsOf({ headers }: FastifyRequest): Preconditions {
  const ifNoneMatch = headers['if-none-match']
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') {
    throw new StoreError('PRECONDITION_FAILED', 'If-None-Match on a write can only be *')
  }
  return { ifMatch: headers['if-match'], ifNoneMatch: ifNoneMatch === undefined ? undefined : '*' }
}

async function handleGet(store: Store, request: FastifyRequest, reply: FastifyReply) {
  const startedAtMs = performance.now()
  const blob = await openPresent(store, request, reply, true)
  if (blob === undefined) return reply
  const { info } = blob
  const wanted = rangeStillHolds(request.headers['if-range'] as string | undefined, info)
    ? parseRange(request.headers.range, info.sizeBytes)
    : 'whole'
  if (wanted === 'unsatisfiable') {
    reply.header('Content-Range', `bytes */${info.sizeBytes}`)
    throw new StoreError('RANGE_INVALID', `The blob has ${info.sizeBytes} bytes`)
  }
  const range = wanted === 'whole' ? { start: 0, end: info.sizeBytes - 1 } : wanted
  const body = await verifiedBody(blob, range, reply.raw)
  reply.headers(blobHeaders(info)).header('Content-Length', String(range.end - range.start + 1))
  if (wanted !== 'whole') {
    reply.code(206).header('Content-Range', `bytes ${range.start}-${range.end}/${info.sizeBytes}`)
  }
  store.gets.add(range.end - range.start + 1, performance.now() - startedAtMs)
  return reply.send(body)
}

async function handleHead(store: Store, request: FastifyRequest, reply: FastifyReply) {
  const blob = await openPresent(store, request, reply, false)
  if (blob === undefined) return reply
  return reply.headers(blobHeaders(blob.info)).header('Content-Length', String(blob.info.sizeBytes)).send()
}

/** The live blob of the request; undefined once 404, 410 or 304 was answered. */
async function openPresent(store: Store, request: FastifyRequest, reply: FastifyReply, withData: boolean) {
  const { target } = permitOf(request)
  const blob = await store.openBlob(decodeTarget(target), { withData })
  if (blob === undefined) {
    await sendCode(reply, 'NOT_FOUND', parseLink(target) === undefined ? noBlob : noBlobNorLink)
    return undefined
  }
  if (blob.deleted) {
    reply.header(versionHeader, formatVersion(blob.info.version))
    await sendCode(reply, 'DELETED', 'The blob was deleted')
    return undefined
  }
  if (failsPrecondition(request.headers, blob.info)) {
    throw new StoreError('PRECONDITION_FAILED', 'The blob is not the one that was expected')
  }
  if (isNotModified(request.headers, blob.info)) {
    await reply.code(304).headers(blobHeaders(blob.info)).removeHeader('Content-Type').send()
    return undefined
  }
  return blob
}

/** The first chunk is verified before any header leaves; a later one that is damaged ends the connection. */
async function verifiedBody(
  blob: BlobHandle,
  range: ByteRange,
  response: ServerResponse,
): Promise<Buffer | Readable> {
  const chunks = blob.read(range)
  const first = await chunks.next()
  if (first.done === true) return Buffer.alloc(0)
  if (first.value.length === range.end - range.start + 1) {
    await chunks.return()
    return first.value
  }
  return pacedStream(first, chunks, response)
}

async function handleDelete(store: Store, request: FastifyRequest, reply: FastifyReply) {
  const name = decodeTarget(permitOf(request).target)
  const { outcome, version } = await store.delete(name, {
    version: requestedVersion(request),
    ...preconditionsOf(request),
  })
  if (version !== undefined) reply.header(versionHeader, formatVersion(version))
  if (outcome === 'missing') return sendCode(reply, 'NOT_FOUND', noBlob)
  return reply.code(204).send()
}
