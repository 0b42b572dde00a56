// One attempt to answer a read from one node. Nothing is sent to the client before the node's first body byte is here, so
// that until then another node may take over; afterwards a node that fails ends the connection: never a short 200.
import type { ServerResponse } from 'node:http'
import type { IncomingHttpHeaders } from 'undici/types/header.js'
import type { Dispatcher, Pool } from 'undici'
import type { CoordinatorLimits } from '../limits.js'

export interface ReadRequest {
  readonly pool: Pool
  readonly method: 'GET' | 'HEAD'
  readonly path: string
  readonly headers: Record<string, string>
}

export type ReadEnd =
  /** The client has its answer, as far as the node went. */
  | { readonly outcome: 'sent' /** False when the node failed in the middle. */; readonly whole: boolean }
  /** The client left first. */
  | { readonly outcome: 'gone' }
  | { readonly outcome: 'missing' }
  /** No answer, or one that another node may do better. */
  | { readonly outcome: 'failed'; readonly status: number | undefined; readonly cause: unknown }

/** undici looks at its deadlines about twice a second: with that, a silent node costs at most 5 s. */
const silenceMs = 4_000

const passedOn: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'content-range',
  'etag',
  'last-modified',
  'accept-ranges',
  'x-content-type-options',
  'x-backpack-version',
])

/** Resolves when the attempt is over. Never rejects. */
export function proxyRead(
  { pool, method, path, headers }: ReadRequest,
  response: ServerResponse,
  limits: CoordinatorLimits,
): Promise<ReadEnd> {
  return new Promise((resolve) => {
    const options = { method, path, headers, headersTimeout: silenceMs, bodyTimeout: silenceMs, reset: false }
    pool.dispatch(options, new ReadAttempt(response, limits, resolve))
  })
}

class ReadAttempt implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  readonly #bufferBytesMax: number
  readonly #resolve: (end: ReadEnd) => void
  readonly #onClose = () => this.#clientIsGone()
  #controller: Dispatcher.DispatchController | undefined
  /** What the attempt ends with when the node's answer is not for the client. */
  #unwanted: ReadEnd | undefined
  #status = 0
  #headers: Record<string, string> = {}
  #over = false

  constructor(
    response: ServerResponse,
    { answerBufferBytesMax }: CoordinatorLimits,
    resolve: (end: ReadEnd) => void,
  ) {
    this.#response = response
    this.#bufferBytesMax = answerBufferBytesMax
    this.#resolve = resolve
    response.on('close', this.#onClose)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over || this.#response.destroyed) controller.abort(new Error('The client is gone'))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return
    this.#unwanted = unwantedAnswer(status)
    this.#status = status
    for (const name in headers) {
      if (passedOn.has(name)) this.#headers[name] = headers[name] as string
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#unwanted !== undefined || this.#over) return
    const response = this.#response
    if (!response.headersSent) {
      response.writeHead(this.#status, this.#headers)
    }
    // node:http would have a small photo wait for its own headers.
    if (response.write(chunk) || response.writableLength < this.#bufferBytesMax) return
    controller.pause()
    response.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    if (this.#unwanted !== undefined) {
      this.#end(this.#unwanted)
      return
    }
    const response = this.#response
    if (!response.headersSent) response.writeHead(this.#status, this.#headers)
    if (!response.writableEnded) response.end()
    this.#end({ outcome: 'sent', whole: true })
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (!this.#response.headersSent) {
      this.#end({ outcome: 'failed', status: this.#status === 0 ? undefined : this.#status, cause })
      return
    }
    if (!this.#response.writableFinished) this.#response.destroy()
    this.#end({ outcome: 'sent', whole: false })
  }

  #clientIsGone(): void {
    if (this.#over) return
    this.#end({ outcome: 'gone' })
    this.#controller?.abort(new Error('The client is gone'))
  }

  #end(end: ReadEnd): void {
    if (this.#over) return
    this.#over = true
    this.#response.off('close', this.#onClose)
    this.#resolve(end)
  }
}

/** Undefined for an answer that is the client's: found, unchanged, out of range, deleted, or a fault of its request. */
function unwantedAnswer(status: number): ReadEnd | undefined {
  if (status === 404) return { outcome: 'missing' }
  if (status >= 500 || status === 408 || status === 429)
    return { outcome: 'failed', status, cause: undefined }
  return undefined
}
