// One request to a node and its answer, with a deadline on the node's silence: on every moment in which the node, and
// not this process or its source, is the one to do something next.
import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { ClusterError } from '../errors.js'
import type { SentBody } from './sent-body.js'

const readAheadBytes = 64 * 1024

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>

export interface NodeRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  /** Sent as it is: nothing is resolved, merged or decoded. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: SentBody
  readonly signal?: AbortSignal | undefined
}

export interface NodeAnswer {
  readonly status: number
  readonly headers: AnswerHeaders
  /** To be read to its end or destroyed: until then it holds a connection. Fails as exchange() does. */
  readonly body: Readable
}

export interface ExchangePlace {
  readonly pool: Dispatcher
  /** For messages: `node 4 (http://…)`. */
  readonly nodeText: string
  readonly nodeId: string
  readonly silenceMsMax: number
}

/**
 * Resolves with the head of the answer. Throws NODE_AWAY, NODE_REFUSED (a header that cannot be sent), the signal's
 * reason when aborted, or what the body's source failed with.
 */
export function exchange(place: ExchangePlace, request: NodeRequest): Promise<NodeAnswer> {
  return new Promise((resolve, reject) => new Exchange(place, request, { resolve, reject }).start())
}

interface Settle {
  resolve(answer: NodeAnswer): void
  reject(error: unknown): void
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #place: ExchangePlace
  readonly #request: NodeRequest
  readonly #settle: Settle
  readonly #onAbort = () => this.#fail(this.#request.signal?.reason)
  #controller: Dispatcher.DispatchController | undefined
  #timer: NodeJS.Timeout | undefined
  #overdue: NodeJS.Immediate | undefined
  /** Why the exchange ended before its time. */
  #failure: { readonly error: unknown } | undefined
  #answer: Readable | undefined
  #over = false

  constructor(place: ExchangePlace, request: NodeRequest, settle: Settle) {
    this.#place = place
    this.#request = request
    this.#settle = settle
  }

  start(): void {
    const { method, path, headers, body, signal } = this.#request
    if (signal?.aborted === true) {
      this.#settle.reject(signal.reason)
      return
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    // The wait for a free connection counts, too: a dead node costs a request its silence once, not twice.
    this.#nodesTurn(true)
    const outgoing = body?.outgoing((its) => this.#answer === undefined && this.#nodesTurn(its)) ?? null
    // Without `reset` undici ends the connection behind every HEAD.
    const options = { method, path, headers: { ...headers }, body: outgoing as Buffer | null, reset: false }
    this.#place.pool.dispatch(options, this)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#failure !== undefined) {
      controller.abort(new Error('Nobody waits for this any more'))
      return
    }
    this.#controller = controller
    if (this.#request.body !== undefined) this.#nodesTurn(true)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    if (status < 200 || this.#failure !== undefined) return
    this.#answer = new Readable({
      highWaterMark: readAheadBytes,
      read: () => {
        if (this.#over) return
        this.#nodesTurn(true)
        controller.resume()
      },
      destroy: (error, done) => {
        if (!this.#over) this.#fail(error ?? new Error('The answer was not read to its end'))
        done(error)
      },
    })
    // Whoever reads is told; nobody has to be reading.
    this.#answer.on('error', () => undefined)
    this.#settle.resolve({ status, headers, body: this.#answer })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const wantsMore = this.#answer?.push(chunk) ?? true
    this.#nodesTurn(wantsMore)
    if (!wantsMore) controller.pause()
  }

  onResponseEnd(): void {
    this.#end()
    this.#answer?.push(null)
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.#over) return
    this.#fail(this.#request.body?.failure ?? this.#explain(cause))
  }

  #explain(cause: Error): ClusterError {
    if ((cause as NodeJS.ErrnoException).code !== 'UND_ERR_INVALID_ARG') {
      return nodeAway(this.#place, cause.message, cause)
    }
    const { nodeId, nodeText } = this.#place
    const message = `This cannot be sent to store ${nodeText}: ${cause.message}`
    return new ClusterError('NODE_REFUSED', message, { nodeId, status: 400, code: 'BAD_REQUEST', cause })
  }

  /** `undefined` may be an abort's reason; everybody who waits is told once, whatever comes later. */
  #fail(error: unknown): void {
    if (this.#over) return
    this.#failure = { error }
    this.#end()
    if (this.#answer === undefined) this.#settle.reject(error)
    else this.#answer.destroy(error instanceof Error ? error : new Error(String(error), { cause: error }))
    this.#controller?.abort(new Error('The request was given up'))
  }

  #end(): void {
    this.#over = true
    clearTimeout(this.#timer)
    clearImmediate(this.#overdue)
    this.#request.body?.destroy()
    this.#request.signal?.removeEventListener('abort', this.#onAbort)
  }

  #nodesTurn(its: boolean): void {
    clearImmediate(this.#overdue)
    if (this.#over || !its) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    } else if (this.#timer !== undefined) {
      this.#timer.refresh()
    } else {
      this.#timer = setTimeout(() => this.#onSilence(), this.#place.silenceMsMax)
    }
  }

  /** When this process was busy so long, what the node said meanwhile waits to be read: it gets the chance first. */
  #onSilence(): void {
    this.#timer = undefined
    this.#overdue = setImmediate(() => {
      this.#fail(nodeAway(this.#place, `it said nothing for ${this.#place.silenceMsMax} ms`))
    })
  }
}

export function nodeAway(
  { nodeText, nodeId }: Pick<ExchangePlace, 'nodeText' | 'nodeId'>,
  reason: string,
  cause?: unknown,
): ClusterError {
  return new ClusterError('NODE_AWAY', `Store ${nodeText} is away: ${reason}`, { nodeId, cause })
}
