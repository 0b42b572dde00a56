// One blob to or from a daemon over HTTP, checked against the checksum in its ETag. Plain node:http: a URL parser
// would resolve the `..` that names may hold.
import { CliError } from '@backpack/command-line'
import type { Secret } from '@backpack/signing'
import http from 'node:http'
import https from 'node:https'
import { type Readable, Transform, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import { type BlobAddress, showAddress } from '../client/blob-address.js'
import { refusalText } from '../client/refusal-text.js'
import { signedHeaders } from '../client/sign-transfer.js'

/** A connection on which nothing moves for this long is given up. */
const stalledMs = 60_000
/** Bodies larger than this are only sent once the daemon has said that it wants them. */
const askFirstBytes = 1024 * 1024
/** A server that does not know how to be asked gets the body after this long. */
const askMs = 1_000
const errorBytesMax = 64 * 1024
const etagPattern = /^"[0-9a-f]{16}-([0-9a-f]{8})"$/

const unreachable: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its name cannot be resolved',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ETIMEDOUT: 'it does not answer',
}

const brokenConnection = /^(ECONNRESET|ECONNABORTED|EPIPE|ERR_STREAM_PREMATURE_CLOSE|HPE_.*|ERR_SSL_.*)$/

export interface Transfer {
  readonly address: BlobAddress
  readonly signal: AbortSignal
  /** The cluster's, to sign with. */
  readonly secret: Secret | undefined
  /** Called with the bytes of each piece that went over. */
  readonly onBytes: (bytes: number) => void
}

export interface PutTransfer extends Transfer {
  readonly sizeBytes: number
  readonly contentType: string | undefined
  /** CRC-32 of the body, eight hex digits; needed to sign. */
  readonly checksum: string | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
}

/**
 * PUTs a body of exactly `sizeBytes`. Throws CliError when the daemon cannot be reached, refuses, or stored bytes
 * with another checksum.
 */
export async function putBlob(
  body: Readable,
  { address, signal, secret, onBytes, sizeBytes, contentType, checksum }: PutTransfer,
): Promise<Answer> {
  const request = startRequest(address, signal, {
    ...{ method: 'PUT', secret, checksum },
    headers: {
      'Content-Length': String(sizeBytes),
      ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
      ...(sizeBytes > askFirstBytes ? { Expect: '100-continue' } : {}),
    },
  })
  const answered = answerOf(request, address)
  answered.catch(() => body.destroy())
  const wanted = sizeBytes <= askFirstBytes || (await isWanted(request, answered))
  const sum = new Checksum(onBytes)
  // A daemon that refuses in mid-body answers and then closes: its answer says more than the broken pipe.
  if (!wanted) body.destroy()
  const sent = wanted ? pipeline(body, sum, request).catch((error: unknown) => error) : undefined
  const response = await answered
  const text = await readText(response)
  const status = response.statusCode ?? 0
  if (status !== 200 && status !== 201 && status !== 204) {
    request.destroy()
    throw refused(status, text)
  }
  const failure = await sent
  if (failure instanceof Error) throw failure
  checkSum(response, sum.value)
  return { status, headers: response.headers }
}

/** GETs a blob, whole or a range of it, into what `makeSink` gives for the answer. Throws CliError as putBlob. */
export async function getBlob(
  { address, signal, secret, onBytes, range }: Transfer & { range: string | undefined },
  makeSink: (answer: Answer) => Writable,
): Promise<Answer> {
  const request = startRequest(address, signal, {
    ...{ method: 'GET', secret },
    headers: range === undefined ? {} : { Range: `bytes=${range}` },
  })
  request.end()
  const response = await answerOf(request, address)
  const status = response.statusCode ?? 0
  if (status !== 200 && status !== 206) throw refused(status, await readText(response))
  const answer = { status, headers: response.headers }
  let sink: Writable
  try {
    sink = makeSink(answer)
  } catch (error) {
    request.destroy()
    throw error
  }
  const sum = new Checksum(onBytes)
  try {
    // Standard output stays open for what comes after.
    await pipeline(response, sum, sink, { end: sink !== process.stdout })
  } catch (error) {
    throw response.complete ? error : explainConnection(error as NodeJS.ErrnoException, address)
  }
  if (status === 200) checkSum(response, sum.value)
  return answer
}

function startRequest(
  { base, target }: BlobAddress,
  signal: AbortSignal,
  {
    method,
    secret,
    headers: plain,
    checksum,
  }: {
    method: 'GET' | 'PUT'
    secret: Secret | undefined
    headers: Record<string, string>
    checksum?: string | undefined
  },
): http.ClientRequest {
  const headers =
    secret === undefined ? plain : signedHeaders(secret, { method, target, headers: plain, checksum })
  const { request } = base.protocol === 'https:' ? https : http
  const { hostname, port } = base
  const host = hostname.replace(/^\[|\]$/g, '')
  const started = request({ host, port, path: target, method, headers, signal, timeout: stalledMs })
  started.on('timeout', () => {
    started.destroy(new CliError(`${base.origin} made no progress for ${stalledMs / 1000} s`))
  })
  return started
}

function answerOf(request: http.ClientRequest, address: BlobAddress): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve)
    request.on('error', (error) => reject(explainConnection(error, address)))
  })
}

/** Errors that are not of the connection, such as a full disk or an abort, come back as they are. */
function explainConnection(error: NodeJS.ErrnoException, address: BlobAddress): Error {
  const { code = '', message } = error
  const reason = unreachable[code]
  if (reason !== undefined) {
    const advice = 'Start a store with `backpack serve <directory>`, or say with --url where one is.'
    return new CliError(`${address.base.origin} cannot be reached: ${reason}`, { advice, cause: error })
  }
  if (!brokenConnection.test(code)) return error
  return new CliError(`${showAddress(address)}: the connection broke (${message})`, { cause: error })
}

/** Asks whether the body is wanted; false when the answer came instead. */
async function isWanted(request: http.ClientRequest, answered: Promise<unknown>): Promise<boolean> {
  request.flushHeaders()
  const told = new Promise<boolean>((resolve) => {
    setTimeout(resolve, askMs, true).unref()
    request.once('continue', () => resolve(true))
  })
  return Promise.race([told, answered.then(() => false)])
}

/** CRC-32 of what passes through. */
class Checksum extends Transform {
  value = 0
  readonly #onBytes: (bytes: number) => void

  constructor(onBytes: (bytes: number) => void) {
    super()
    this.#onBytes = onBytes
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.value = crc32(chunk, this.value)
    this.#onBytes(chunk.length)
    done(null, chunk)
  }
}

/** Other daemons of the family send no such ETag: then there is nothing to compare with. */
function checkSum({ headers }: http.IncomingMessage, sum: number): void {
  const stored = etagPattern.exec(headers.etag ?? '')?.[1]
  if (stored === undefined || Number.parseInt(stored, 16) === sum) return
  throw new CliError(`The bytes were damaged on the way: checksum ${sum.toString(16)}, stored ${stored}`)
}

async function readText(response: Readable): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > errorBytesMax) break
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function refused(status: number, text: string): CliError {
  return new CliError(refusalText(status, text))
}
