// What HTTP demands of a server and node:http leaves open: one Host, a bound on headers, requests of a connection
// in their order, and an answer to what is no request at all.
import { endUnread, faultOfError, faultOfRequest } from '@backpack/http-rules'
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { CoordinatorLimits } from '../limits.js'
import { type AnswerCode, answerCatalogue } from './answers.js'
import { SlowConnections } from './slow-connections.js'

/** How a listener says no; the 2013 API does it in JSON. */
export interface RefusalForm {
  readonly contentType: string
  /** To a CONNECT. */
  readonly wrongMethod: AnswerCode
  render(code: AnswerCode, error: string): string
  /** Headers of every reply. */
  headers(): readonly (readonly [string, string])[]
}

const jsonForm: RefusalForm = {
  contentType: 'application/json; charset=utf-8',
  wrongMethod: 'METHOD_NOT_ALLOWED',
  render: (code, error) => JSON.stringify({ error, code }),
  headers: () => [],
}

export class RequestRules {
  readonly #headersCountMax: number
  readonly #form: RefusalForm
  /** The response last begun on each connection. */
  readonly #latest = new WeakMap<Socket, ServerResponse>()
  /** The one whose turn it is on each connection, or was last. */
  readonly #served = new WeakMap<Socket, ServerResponse>()
  readonly #slow: SlowConnections

  constructor(limits: CoordinatorLimits, form: RefusalForm = jsonForm) {
    this.#headersCountMax = limits.headersCountMax
    this.#form = form
    this.#slow = new SlowConnections(limits, (socket) => this.#served.get(socket))
  }

  watch(server: Server): void {
    this.#slow.watch(server)
    server.on('clientError', (error, socket) => this.#onClientError(error, socket as Socket))
    server.on('timeout', (socket: Socket) => {
      if (!this.#isOurTurn(socket)) socket.destroy()
    })
    server.on('connect', (_request, socket) => {
      this.#endWith(socket as Socket, this.#form.wrongMethod, 'This method is not served')
    })
  }

  /**
   * Calls `proceed` when the request keeps the rules and those before it on its connection are answered: behind an upload
   * it would else see what was there before (RFC 9112, 9.3.2).
   */
  admit(request: IncomingMessage, response: ServerResponse, proceed: () => void): void {
    const { socket } = request
    const before = this.#latest.get(socket)
    this.#latest.set(socket, response)
    const check = () => {
      // The answer before this one ended the connection: what came behind it is not looked at (RFC 9112, 9.6).
      if (!socket.writable) return
      this.#served.set(socket, response)
      const fault = faultOfRequest(request, this.#headersCountMax)
      if (fault === undefined) {
        proceed()
        return
      }
      this.#refuse(response, fault.code, fault.error)
    }
    if (before === undefined || before.closed) check()
    else before.once('close', check)
  }

  /** Whether the client has done its part: a request that waits for a node is not idle, and the node has deadlines. */
  #isOurTurn(socket: Socket): boolean {
    const response = this.#served.get(socket)
    return (
      response !== undefined &&
      response.req.complete &&
      !response.writableFinished &&
      socket.writableLength === 0
    )
  }

  #refuse(response: ServerResponse, code: AnswerCode, error: string): void {
    const body = this.#form.render(code, error)
    endUnread(response.req, response)
    response.writeHead(answerCatalogue[code], {
      Connection: 'close',
      'Content-Type': this.#form.contentType,
      'Content-Length': Buffer.byteLength(body),
    })
    response.end(response.req.method === 'HEAD' ? undefined : body)
  }

  /** Answers what the parser refused; a whole request in front of it gets its own answer first. */
  #onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
    const fault = faultOfError(error)
    if (fault === undefined || socket.destroyed) {
      if (!this.#isOurTurn(socket)) socket.destroy()
      return
    }
    const before = this.#latest.get(socket)
    const answer = () => this.#endWith(socket, fault.code, fault.error)
    if (before === undefined || before.closed) answer()
    else if (before.req.complete) before.once('close', answer)
    else if (!before.headersSent) answer()
    else socket.destroy()
  }

  /** To a client whose request node:http could not read there is no response to write to. */
  #endWith(socket: Socket, code: AnswerCode, error: string): void {
    if (!socket.writable) {
      if (!this.#isOurTurn(socket)) socket.destroy()
      return
    }
    const status = answerCatalogue[code]
    const body = this.#form.render(code, error)
    const headers = [
      ...this.#form.headers(),
      ['Content-Type', this.#form.contentType],
      ['Content-Length', String(Buffer.byteLength(body))],
      ['Connection', 'close'],
    ]
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}\r\n${body}`, 'latin1')
    socket.destroySoon()
  }
}
