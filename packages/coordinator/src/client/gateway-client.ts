// A client of the gateway: signs what it asks for, and gives links for others. One per gateway; close() it.
import { ClusterError, pathOfName } from '@backpack/cluster-model'
import { Secret, signedText, signText } from '@backpack/signing'
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { Pool } from 'undici'
import { z } from 'zod'
import { checkBlob, checkClient, checkUpload, parseLink } from './client-arguments.js'
import { signLink } from './sign-link.js'

export interface GatewayClientOptions {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string
  /** Without a user requests are not signed. */
  readonly user?: string
  /** The user's token in the ACL of the buckets it uses. */
  readonly token?: string
  /** How long what it signs holds, whole seconds; 60 s. */
  readonly validSeconds?: number
  /** Silence after which a request fails; 30 s. */
  readonly silenceMs?: number
}

export interface UploadOptions {
  /** The bucket; undefined leaves the choice to the gateway. */
  readonly bucket?: string
  readonly contentType?: string
  /** Of a stream: what it gives. */
  readonly sizeBytes?: number
}

/** Where a blob is after an upload: the nodes that have it. */
export interface Uploaded {
  readonly bucket: string
  readonly key: string
  /** With quotes. */
  readonly etag: string
  /** Copies made by now; the others are queued. */
  readonly copies: number
}

export interface Fetched {
  /** 200, or 206 for a range. */
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** To be read to its end, or destroyed. */
  readonly body: Readable
}

export interface LinkOptions {
  /** Default GET, which is good for HEAD too. */
  readonly method?: 'GET' | 'PUT' | 'POST'
  readonly bucket?: string
  readonly key: string
  /** From now on; whole seconds, 1 or more. */
  readonly validSeconds: number
}

const defaultValidSeconds = 60
const defaultSilenceMs = 30_000
const replySchema = z.object({ bucket: z.string(), key: z.string() })
const refusalBytesMax = 64 * 1024
const connectionsMax = 128

export class GatewayClient implements AsyncDisposable {
  readonly #options: GatewayClientOptions
  readonly #token: Secret | undefined
  readonly #pool: Pool

  /** Throws TypeError for what is no URL or no time, and for a user without a token. Connects at the first request. */
  constructor(options: GatewayClientOptions) {
    if ((options.user === undefined) !== (options.token === undefined)) {
      throw new TypeError('A user needs a token, and a token its user')
    }
    checkClient(options)
    this.#options = options
    this.#token = options.token === undefined ? undefined : new Secret(options.token)
    const silenceMs = options.silenceMs ?? defaultSilenceMs
    const { origin } = new URL(options.url)
    this.#pool = new Pool(origin, {
      connections: connectionsMax,
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
    })
  }

  /**
   * Resolves when the blob is safe: one node has it and the others have it or a task for it. Throws as every call
   * REQUEST_REFUSED (details.status, and the gateway's words) and GATEWAY_AWAY, and before anything is sent NAME_INVALID,
   * NAME_RESERVED and NAME_TOO_LONG for the key, TypeError for any other argument.
   */
  async upload(key: string, body: Uint8Array | Readable, options: UploadOptions = {}): Promise<Uploaded> {
    const { bucket, contentType } = options
    checkUpload({ ...options, key })
    const sizeBytes = body instanceof Uint8Array ? body.byteLength : options.sizeBytes
    if (!(body instanceof Uint8Array) && !isStream(body)) {
      throw new TypeError(
        'body: must be a Uint8Array, such as a Buffer, or a Readable; of a text, Buffer.from(text)',
      )
    }
    if (sizeBytes === undefined) throw new TypeError('The size of a stream must be said')
    const path = bucket === undefined ? `/nobucket_upload/${key}` : `/upload/${bucket}/${key}`
    const headers = {
      'content-length': String(sizeBytes),
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    }
    const answer = await this.#ask('PUT', path, { headers, body })
    if (answer.status !== 200) throw await refusalOf(answer)
    const reply = await this.#parseReply(answer)
    const copies = Number(answer.headers['x-backpack-copies'] ?? 1)
    return { bucket: reply.bucket, key: reply.key, etag: answer.headers.etag ?? '', copies }
  }

  /** Undefined when there is no such blob. `range` as in HTTP: `bytes=0-99`. */
  async get(
    bucket: string,
    key: string,
    { range }: { readonly range?: string } = {},
  ): Promise<Fetched | undefined> {
    checkBlob({ bucket, key })
    const headers = range === undefined ? {} : { range }
    const answer = await this.#ask('GET', `/get/${bucket}/${key}`, { headers })
    if (answer.status === 200 || answer.status === 206) return answer
    const refusal = await refusalOf(answer)
    if (answer.status === 404) return undefined
    throw refusal
  }

  /** Whether there was such a blob. */
  async delete(bucket: string, key: string): Promise<boolean> {
    checkBlob({ bucket, key })
    const answer = await this.#ask('POST', `/delete/${bucket}/${key}`, { headers: { 'content-length': '0' } })
    if (answer.status === 200) {
      await textOf(answer.body)
      return true
    }
    const refusal = await refusalOf(answer)
    if (answer.status === 404) return false
    throw refusal
  }

  /**
   * A link that whoever has it can use until it expires: the whole URL. Asks nobody. Throws TypeError without a user, and for
   * what would be no use as a link; for the key NAME_INVALID, NAME_RESERVED and NAME_TOO_LONG.
   */
  sign(options: LinkOptions): string {
    const { user } = this.#options
    if (user === undefined || this.#token === undefined) throw new TypeError('A link is signed by a user')
    const { method, bucket, key, validSeconds } = parseLink(options)
    const handler = method === 'GET' ? 'get' : 'upload'
    const path = bucket === undefined ? `/nobucket_upload/${key}` : `/${handler}/${bucket}/${key}`
    const expiresAtSeconds = Math.floor(Date.now() / 1000) + validSeconds
    return (
      new URL(this.#options.url).origin +
      signLink({ method, path, user, expiresAtSeconds, token: this.#token })
    )
  }

  /** Ends every connection, with what is under way on it. Idempotent. */
  async close(): Promise<void> {
    if (!this.#pool.destroyed) await this.#pool.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #parseReply({ body, status }: Fetched): Promise<z.output<typeof replySchema>> {
    const text = await textOf(body)
    try {
      return replySchema.parse(JSON.parse(text))
    } catch (cause) {
      const message = `What answers at ${this.#options.url} is no gateway`
      throw new ClusterError('REQUEST_REFUSED', message, { status, cause })
    }
  }

  async #ask(
    method: 'GET' | 'PUT' | 'POST',
    path: string,
    { headers, body }: { readonly headers: Record<string, string>; readonly body?: Uint8Array | Readable },
  ): Promise<Fetched> {
    const signed = this.#sign(method, path)
    const target = pathOfName(path.slice(1)) + signed.query
    try {
      const answer = await this.#pool.request({
        method,
        path: target,
        headers: { ...headers, ...signed.headers },
        body: body ?? null,
      })
      return { status: answer.statusCode, headers: answer.headers, body: answer.body }
    } catch (cause) {
      // A header that cannot be sent: nothing was.
      if ((cause as { code?: unknown }).code === 'UND_ERR_INVALID_ARG') {
        throw new TypeError((cause as Error).message, { cause })
      }
      const message = `The gateway at ${this.#options.url} is away: ${(cause as Error).message}`
      throw new ClusterError('GATEWAY_AWAY', message, { cause })
    }
  }

  /** By the Authorization header, which no log of an address shows; the end of it stands in the query. */
  #sign(method: string, path: string): { query: string; headers: Record<string, string> } {
    const { user, validSeconds = defaultValidSeconds } = this.#options
    if (user === undefined || this.#token === undefined) return { query: '', headers: {} }
    const expires = String(Math.floor(Date.now() / 1000) + validSeconds)
    const text = signedText({ method, path, query: [['expires', expires]] })
    const authorization = `Backpack ${Buffer.from(user, 'utf8').toString('latin1')}:${signText(this.#token, text)}`
    return { query: `?expires=${expires}`, headers: { authorization } }
  }
}

/** A stream may be of another package than node:stream. */
function isStream(body: unknown): boolean {
  return typeof (body as Partial<Readable> | null | undefined)?.pipe === 'function'
}

async function refusalOf({ status, body }: Fetched): Promise<ClusterError> {
  const said = (await textOf(body)).trim()
  return new ClusterError('REQUEST_REFUSED', `The gateway answered ${status}: ${said}`, { status })
}

async function textOf(body: Readable): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      parts.push(part)
      bytes += part.length
      if (bytes > refusalBytesMax) break
    }
  } catch (cause) {
    throw new ClusterError('GATEWAY_AWAY', `The gateway's answer broke off: ${(cause as Error).message}`, {
      cause,
    })
  }
  return Buffer.concat(parts).toString('utf8')
}
