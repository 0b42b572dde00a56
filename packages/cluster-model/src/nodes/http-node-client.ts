// Store nodes over HTTP, through one pool of connections per node. Redirects are not followed: a store sends none, and
// nobody but the model says whom to ask.
import type { Secret } from '@backpack/signing'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { ServerNode } from '../cluster-snapshot.js'
import { ClusterError } from '../errors.js'
import {
  blobOf,
  drain,
  notAStore,
  presentVersion,
  readText,
  refusalOf,
  showNode,
  versionOf,
} from './node-answers.js'
import type {
  DeleteNodeResult,
  GetResult,
  HeadResult,
  NodeClient,
  PutNodeOptions,
  PutNodeResult,
  ResendableBody,
} from './node-client.js'
import { exchange, type NodeAnswer, nodeAway, type NodeRequest } from './node-exchange.js'
import { NodePools } from './node-pools.js'
import { SentBody } from './sent-body.js'
import { signRequest } from './sign-request.js'

const jsonBytesMax = 16 * 1024 * 1024
/** A request target: a slash, then anything printable. Else it could smuggle in a second request. */
const targetPattern = /^\/[\u0021-\u007e]*$/

const optionsSchema = z.strictObject({
  /** More requests to one node wait, within their deadline. */
  connectionsPerNodeMax: z.int().min(1).max(1024).default(64),
  connectMs: z.int().min(1).default(2_000),
  /** How long a node may be silent when it is the one to do something next. */
  idleMs: z.int().min(1).default(5_000),
})

export type HttpNodeClientOptions = z.input<typeof optionsSchema> & {
  /** Every request is signed with it: stores may ask for that. */
  readonly clusterSecret?: Secret | undefined
}

export class HttpNodeClient implements NodeClient {
  readonly #pools: NodePools
  readonly #idleMs: number
  readonly #clusterSecret: Secret | undefined
  #closed = false

  /** Throws INVALID_OPTIONS. */
  constructor({ clusterSecret, ...options }: HttpNodeClientOptions = {}) {
    const parsed = optionsSchema.safeParse(options)
    if (!parsed.success) throw new ClusterError('INVALID_OPTIONS', z.prettifyError(parsed.error))
    const { connectionsPerNodeMax, connectMs, idleMs } = parsed.data
    this.#pools = new NodePools({ connectionsPerNodeMax, connectMs })
    this.#idleMs = idleMs
    this.#clusterSecret = clusterSecret
  }

  async head(node: ServerNode, path: string, signal?: AbortSignal): Promise<HeadResult> {
    const answer = await this.#ask(node, { method: 'HEAD', path, headers: {}, signal })
    if (answer.status !== 200) return this.#absent(node, answer)
    await drain(answer)
    return { outcome: 'found', blob: blobOf(node, answer) }
  }

  /** The stream fails with NODE_AWAY when the node stops sending for `idleMs` while it is read. */
  async get(node: ServerNode, path: string, signal?: AbortSignal): Promise<GetResult> {
    const answer = await this.#ask(node, { method: 'GET', path, headers: {}, signal })
    if (answer.status !== 200) return this.#absent(node, answer)
    try {
      return { outcome: 'found', blob: blobOf(node, answer), body: answer.body }
    } catch (error) {
      answer.body.destroy()
      throw error
    }
  }

  /** When the body's source fails, its error is thrown as it is. TypeError when there is no checksum to sign. */
  async put(
    node: ServerNode,
    path: string,
    body: ResendableBody,
    { sizeBytes, contentType, version, checksum, signal }: PutNodeOptions,
  ): Promise<PutNodeResult> {
    if (this.#clusterSecret !== undefined && checksum === undefined) {
      throw new TypeError('A body must come with its checksum when requests are signed')
    }
    const sent = new SentBody(body, sizeBytes)
    const headers = {
      'Content-Length': String(sent.sizeBytes),
      ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
      ...versionHeader(version),
    }
    const answer = await this.#ask(node, { method: 'PUT', path, headers, body: sent, checksum, signal })
    const { status } = answer
    if (status !== 201 && status !== 204 && status !== 409) throw await refusalOf(node, answer)
    await drain(answer)
    if (status === 409) return { outcome: 'older', version: presentVersion(answer.headers) }
    return { outcome: 'stored', created: status === 201, ...versionOf(node, status, answer.headers) }
  }

  async delete(
    node: ServerNode,
    path: string,
    version?: string,
    signal?: AbortSignal,
  ): Promise<DeleteNodeResult> {
    const headers = versionHeader(version)
    const answer = await this.#ask(node, { method: 'DELETE', path, headers, signal })
    const { status } = answer
    if (status !== 204 && status !== 404 && status !== 409) throw await refusalOf(node, answer)
    await drain(answer)
    const present = presentVersion(answer.headers)
    if (status === 404) return { outcome: 'missing' }
    if (status === 409) return { outcome: 'older', version: present }
    if (present === undefined) throw notAStore(node, status, 'no X-Backpack-Version')
    return { outcome: 'deleted', version: present }
  }

  async getJson(node: ServerNode, target: string, signal?: AbortSignal): Promise<unknown> {
    const text = await readText(await this.getStream(node, target, signal), jsonBytesMax)
    try {
      return JSON.parse(text) as unknown
    } catch {
      throw notAStore(node, 200, `no JSON at ${target}`)
    }
  }

  async getStream(node: ServerNode, target: string, signal?: AbortSignal): Promise<Readable> {
    const answer = await this.#ask(node, { method: 'GET', path: target, headers: {}, signal })
    if (answer.status !== 200) throw await refusalOf(node, answer)
    return answer.body
  }

  /** Ends every connection; what is under way fails with NODE_AWAY. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#pools.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #ask(node: ServerNode, request: NodeRequest & { checksum?: string | undefined }): Promise<NodeAnswer> {
    const place = { nodeText: showNode(node), nodeId: node.id }
    if (this.#closed) return Promise.reject(nodeAway(place, 'the client to it is closed'))
    if (!targetPattern.test(request.path)) {
      const message = `${JSON.stringify(request.path)} is no request target`
      const details = { nodeId: node.id, status: 400, code: 'BAD_REQUEST' }
      return Promise.reject(new ClusterError('NODE_REFUSED', message, details))
    }
    const pool = this.#pools.get(node.url)
    const { body } = request
    const signed = body === undefined ? request : { ...request, sizeBytes: body.sizeBytes }
    const headers = signRequest(this.#clusterSecret, signed)
    return exchange({ ...place, pool, silenceMsMax: this.#idleMs }, { ...request, headers })
  }

  async #absent(node: ServerNode, answer: NodeAnswer): Promise<Exclude<HeadResult, { outcome: 'found' }>> {
    if (answer.status !== 404 && answer.status !== 410) throw await refusalOf(node, answer)
    await drain(answer)
    if (answer.status === 404) return { outcome: 'missing' }
    return { outcome: 'deleted', version: presentVersion(answer.headers) }
  }
}

function versionHeader(version: string | undefined): Record<string, string> {
  return version === undefined ? {} : { 'X-Backpack-Version': version }
}
