// Imports into a running daemon. Uses node:http and not fetch, which would resolve `..` in names.
import type { Secret } from '@backpack/signing'
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { blobAddress } from '../client/blob-address.js'
import { refusalCode, refusalText } from '../client/refusal-text.js'
import { checksumOfBytes, signedHeaders } from '../client/sign-transfer.js'
import { errorCatalogue, StoreError, type StoreErrorCode } from '../errors.js'
import type { ImportTarget, TargetBlob, TargetPut } from './import-target.js'

const attemptsMax = 5
const retryAfterMsMax = 5_000
const silenceMsMax = 60_000
const errorBodyBytesMax = 64 * 1024
const etagPattern = /^"[0-9a-f]{16}-([0-9a-f]{8})"$/
/** Codes of the system's errors that mean: the daemon cannot be reached. */
export const connectionErrors: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
])
/** A connection that the daemon closed just when it was to be used again. */
const brokenConnection = new Set(['ECONNRESET', 'EPIPE'])

interface Sent {
  readonly method: 'GET' | 'HEAD' | 'PUT'
  readonly name: string
  readonly headers?: Readonly<Record<string, string>>
  readonly open?: TargetPut['open']
  /** Of the body, eight hex digits; of a PUT that is signed. */
  readonly checksum?: string | undefined
  readonly signal?: AbortSignal
}

export interface HttpTargetOptions {
  readonly connectionsMax: number
  /** The cluster's, to sign every request with. */
  readonly secret?: Secret | undefined
}

export class HttpTarget implements ImportTarget {
  readonly #url: URL
  readonly #client: typeof http | typeof https
  readonly #agent: http.Agent
  readonly #secret: Secret | undefined

  /** A path in `url` stands before every name. */
  constructor(url: URL, { connectionsMax, secret }: HttpTargetOptions) {
    this.#url = url
    this.#secret = secret
    this.#client = url.protocol === 'https:' ? https : http
    this.#agent = new this.#client.Agent({ keepAlive: true, maxSockets: connectionsMax })
  }

  async head(name: string): Promise<TargetBlob | undefined> {
    const response = await this.#send({ method: 'HEAD', name })
    response.resume()
    if (response.statusCode === 404 || response.statusCode === 410) return undefined
    if (response.statusCode === 403) throw await this.#whyRefused(name)
    if (response.statusCode !== 200) throw statusError(response, '')
    return { sizeBytes: Number(response.headers['content-length']), checksum: checksumOf(response) }
  }

  async put({ name, sizeBytes, contentType, onlyNew, signal, open }: TargetPut): Promise<number> {
    const headers = {
      'Content-Length': String(sizeBytes),
      ...(contentType !== undefined && { 'Content-Type': contentType }),
      ...(onlyNew && { 'If-None-Match': '*' }),
    }
    // It is signed before the first byte goes out, so that a body which is streamed is read twice.
    const checksum = this.#secret && (await checksumOfBytes(open()))
    const response = await this.#send({ method: 'PUT', name, headers, open, checksum, signal })
    const body = await readText(response)
    if (response.statusCode !== 201 && response.statusCode !== 204) throw statusError(response, body)
    return checksumOf(response)
  }

  async *read(name: string): AsyncIterable<Buffer> {
    const response = await this.#send({ method: 'GET', name })
    if (response.statusCode !== 200) throw statusError(response, await readText(response))
    yield* response as AsyncIterable<Buffer>
  }

  close(): Promise<void> {
    this.#agent.destroy()
    return Promise.resolve()
  }

  /** The answer to a HEAD has no words; the same to a GET has. */
  async #whyRefused(name: string): Promise<StoreError> {
    const response = await this.#send({ method: 'GET', name })
    if (response.statusCode !== 403) {
      response.destroy()
      return statusError({ statusCode: 403 }, '')
    }
    return statusError(response, await readText(response))
  }

  /** Asks again, a few times, while the daemon is busy or a connection broke. */
  async #send(sent: Sent): Promise<http.IncomingMessage> {
    for (let attempt = 1; ; attempt++) {
      const last = attempt === attemptsMax || sent.signal?.aborted === true
      let retryAfterMs = 0
      try {
        const response = await this.#sendOnce(sent)
        if (response.statusCode !== 503 || last) return response
        retryAfterMs = Math.min(Number(response.headers['retry-after'] ?? 1) * 1000, retryAfterMsMax)
        response.resume()
      } catch (error) {
        if (last || !brokenConnection.has((error as NodeJS.ErrnoException).code ?? '')) throw error
      }
      await delay(retryAfterMs, undefined, { signal: sent.signal })
    }
  }

  async #sendOnce({
    method,
    name,
    headers = {},
    open,
    checksum,
    signal,
  }: Sent): Promise<http.IncomingMessage> {
    const { protocol, hostname, port } = this.#url
    const { target } = blobAddress(this.#url, name)
    const secret = this.#secret
    const request = this.#client.request({
      agent: this.#agent,
      protocol,
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      method,
      path: target,
      headers: secret ? signedHeaders(secret, { method, target, headers, checksum }) : headers,
      signal,
      timeout: silenceMsMax,
    })
    request.on('timeout', () =>
      request.destroy(Object.assign(new Error('The daemon fell silent'), { code: 'ETIMEDOUT' })),
    )
    const responded = once(request, 'response') as Promise<[http.IncomingMessage]>
    const body = open?.()
    if (body === undefined || Buffer.isBuffer(body)) request.end(body)
    else await Promise.race([responded, sendStream(body, request, responded)])
    const [response] = await responded
    return response
  }
}

/** A daemon that refuses an upload answers before it was sent whole: then its answer counts, not the broken pipe. */
async function sendStream(
  body: AsyncIterable<Buffer>,
  request: http.ClientRequest,
  responded: Promise<unknown>,
): Promise<void> {
  try {
    await pipeline(Readable.from(body, { objectMode: false }), request)
  } catch (error) {
    await responded.catch(() => {
      throw error
    })
  }
}

function checksumOf({ headers }: http.IncomingMessage): number {
  const [, checksum] = etagPattern.exec(headers.etag ?? '') ?? []
  if (checksum === undefined)
    throw new StoreError('READ_FAILED', 'The answer is not that of a Backpack store: it has no ETag of one')
  return Number.parseInt(checksum, 16)
}

async function readText(response: http.IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of response as AsyncIterable<Buffer>) {
    if (text.length < errorBodyBytesMax) text += part.toString('utf8')
  }
  return text
}

/** The daemon's own error, when its answer says which. */
function statusError(
  { statusCode: status = 0 }: { statusCode?: number | undefined },
  body: string,
): StoreError {
  const code = refusalCode(body)
  const known = code !== undefined && code in errorCatalogue
  return new StoreError(known ? (code as StoreErrorCode) : 'WRITE_FAILED', refusalText(status, body), {
    status,
  })
}
