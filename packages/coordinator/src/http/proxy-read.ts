// One attempt to answer a read from one node. Nothing is sent to the client before the node's first body byte is here, so
// that until then another node may take over; afterwards a node that fails ends the connection: never a short 200.
import type { ServerResponse } from 'node:http'
import type { IncomingHttpHeaders } from 'undici/types/header.js'
import type { Dispatcher } from 'undici'
import type { CoordinatorLimits } from '../limits.js'

export interface ReadRequest {
  readonly pool: Dispatcher
  readonly method: 'GET' | 'HEAD'
  readonly path: string
  readonly headers: Record<string, string>
  /** Absent: the client gets the node's answer as it is. */
  readonly shape?: AnswerShape
}

/**
 * What becomes of an answer that another node would not give better, before its client sees any of it: an answer, or a
 * 'refused' end, whose body nobody gets.
 */
export type AnswerShape = (
  status: number,
  headers: Record<string, string>,
) => ShapedAnswer | Extract<ReadEnd, { outcome: 'refused' }>

export interface ShapedAnswer {
  readonly headers: Record<string, string>
  readonly undecided?: UndecidedHeaders
}

/** Headers that the body decides. Until they are there the node waits. */
export interface UndecidedHeaders {
  /** So much of the body is awaited, if there is as much. */
  readonly sampleBytes: number
  /** Gives more headers. Must not reject. */
  decide(sample: Buffer): Promise<Record<string, string>>
}

export type ReadEnd =
  /** The client has its answer, as far as the node went. */
  | { readonly outcome: 'sent' /** False when the node failed in the middle. */; readonly whole: boolean }
  /** The client left first. */
  | { readonly outcome: 'gone' }
  | { readonly outcome: 'missing' }
  /** Decided by the shape; the client has no answer yet. */
  | {
      readonly outcome: 'refused'
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
    }
  /** No answer, or one that another node may do better. */
  | {
      readonly outcome: 'failed'
      readonly status: number | undefined
      readonly cause: unknown
      /** The node's copy of the blob is broken. */
      readonly damaged?: boolean
    }

/** undici looks at its deadlines about twice a second: with that, a silent node costs at most 5 s. */
export const silenceMs = 4_000
/** What is looked at of a failing node's explanation. */
const explanationBytesMax = 4_096

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
  { pool, method, path, headers, shape }: ReadRequest,
  response: ServerResponse,
  limits: CoordinatorLimits,
): Promise<ReadEnd> {
  return new Promise((resolve) => {
    const options = { method, path, headers, headersTimeout: silenceMs, bodyTimeout: silenceMs, reset: false }
    pool.dispatch(options, new ReadAttempt({ response, limits, shape, resolve }))
  })
}

interface AttemptParts {
  readonly response: ServerResponse
  readonly limits: CoordinatorLimits
  readonly shape: AnswerShape | undefined
  readonly resolve: (end: ReadEnd) => void
}

class ReadAttempt implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  readonly #bufferBytesMax: number
  readonly #shape: AnswerShape | undefined
  readonly #resolve: (end: ReadEnd) => void
  readonly #onClose = () => this.#clientIsGone()
  /** Only a fault in answering itself comes there. */
  readonly #onFault = () => this.#response.destroy()
  #controller: Dispatcher.DispatchController | undefined
  /** What the attempt ends with when the node's answer is not for the client. */
  #unwanted: ReadEnd | undefined
  #status = 0
  #headers: Record<string, string> = {}
  #undecided: UndecidedHeaders | undefined
  /** The beginning of a body whose headers are undecided, or of a failing node's explanation. */
  #held: Buffer = Buffer.alloc(0)
  #over = false

  constructor({ response, limits, shape, resolve }: AttemptParts) {
    this.#response = response
    this.#bufferBytesMax = limits.answerBufferBytesMax
    this.#shape = shape
    this.#resolve = resolve
    response.on('close', this.#onClose)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over || this.#response.destroyed) controller.abort(new Error('The client is gone'))
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return
    this.#unwanted = unwantedAnswer(status)
    this.#status = status
    this.#headers = headersToPassOn(headers)
    if (this.#shape !== undefined && this.#unwanted === undefined) this.#reshape(this.#shape, controller)
  }

  #reshape(shape: AnswerShape, controller: Dispatcher.DispatchController): void {
    const shaped = shape(this.#status, this.#headers)
    if (!('outcome' in shaped)) {
      this.#headers = shaped.headers
      this.#undecided = shaped.undecided
      return
    }
    this.#unwanted = shaped
    // A refusal of the node is short and may end; a blob that nobody wants must not come.
    if (this.#status >= 300) return
    this.#end(shaped)
    controller.abort(new Error('The answer is not wanted'))
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    if (this.#unwanted !== undefined) {
      if (this.#held.length < explanationBytesMax) this.#held = Buffer.concat([this.#held, chunk])
      return
    }
    if (this.#undecided !== undefined) {
      this.#hold(controller, this.#undecided, chunk)
      return
    }
    const response = this.#response
    if (!response.headersSent) {
      response.writeHead(this.#status, this.#headers)
    }
    // node:http would have a small photo wait for its own headers.
    if (response.write(chunk) || response.writableLength < this.#bufferBytesMax) return
    controller.pause()
    response.once('drain', () => controller.resume())
  }

  #hold(controller: Dispatcher.DispatchController, undecided: UndecidedHeaders, chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    if (this.#held.length < undecided.sampleBytes) return
    controller.pause()
    void this.#decide(undecided).then(() => controller.resume(), this.#onFault)
  }

  async #decide({ decide }: UndecidedHeaders): Promise<void> {
    const decided = await decide(this.#held)
    if (this.#over) return
    this.#undecided = undefined
    this.#response.writeHead(this.#status, { ...this.#headers, ...decided })
    if (this.#held.length > 0) this.#response.write(this.#held)
  }

  onResponseEnd(): void {
    if (this.#unwanted !== undefined) {
      this.#end(this.#explained(this.#unwanted))
      return
    }
    if (this.#undecided === undefined) this.#finish()
    else void this.#decide(this.#undecided).then(() => this.#finish(), this.#onFault)
  }

  #explained(end: ReadEnd): ReadEnd {
    return end.outcome === 'failed' && end.status === 500 && saysDamaged(this.#held)
      ? { ...end, damaged: true }
      : end
  }

  #finish(): void {
    if (this.#over) return
    const response = this.#response
    if (!response.headersSent) response.writeHead(this.#status, this.#headers)
    if (!response.writableEnded) response.end()
    this.#end({ outcome: 'sent', whole: true })
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.#over) return
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

/** What a client gets to know of a node's headers. */
export function headersToPassOn(headers: IncomingHttpHeaders): Record<string, string> {
  const chosen: Record<string, string> = {}
  for (const name in headers) if (passedOn.has(name)) chosen[name] = headers[name] as string
  return chosen
}

/** Undefined for an answer that is the client's: found, unchanged, out of range, deleted, or a fault of its request. */
export function unwantedAnswer(status: number): ReadEnd | undefined {
  if (status === 404) return { outcome: 'missing' }
  // 403 is between the store and this coordinator, which has to sign otherwise; and stores send nobody elsewhere.
  const elsewhere = status >= 300 && status < 400 && status !== 304
  if (status >= 500 || status === 403 || status === 408 || status === 429 || elsewhere)
    return { outcome: 'failed', status, cause: undefined }
  return undefined
}

/** A store says why in JSON. */
function saysDamaged(explanation: Buffer): boolean {
  try {
    return (JSON.parse(explanation.toString()) as { code?: unknown } | null)?.code === 'BLOB_DAMAGED'
  } catch {
    return false
  }
}
