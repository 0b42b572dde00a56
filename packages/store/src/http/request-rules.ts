// What HTTP demands of a server and node:http leaves open: one Host, a bound on headers, requests of a connection
// in their order, and an answer to what is no request at all.
import { endUnread, faultOfError, faultOfRequest } from '@backpack/http-rules'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type AnswerCode, answerCatalogue, sendCode } from './answer-codes.js'
import type { HttpLimits } from './http-limits.js'

export class RequestRules {
  readonly #limits: HttpLimits
  /** The response last begun on each connection. */
  readonly #latest = new WeakMap<Socket, ServerResponse>()

  constructor(limits: HttpLimits) {
    this.#limits = limits
  }

  register(app: FastifyInstance<Server>): void {
    app.addHook('onRequest', (request, reply, done) => this.#inOrder(request, reply, done))
    app.addHook('onRequest', (request, reply, done) => {
      const fault = faultOfRequest(request.raw, this.#limits.headersCountMax)
      if (fault === undefined) return done()
      endUnread(request.raw, reply.raw)
      sendCode(reply.header('Connection', 'close'), fault.code, fault.error)
    })
    app.server.on('connect', (_request, socket) => {
      endWith(socket as Socket, 'METHOD_NOT_ALLOWED', 'This method is not served')
    })
  }

  /**
   * node:http begins the next request of a connection while the present one is worked on; behind a write it would
   * see what was there before (RFC 9112, 9.3.2).
   */
  #inOrder(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    const { socket } = request.raw
    const before = this.#latest.get(socket)
    this.#latest.set(socket, reply.raw)
    const proceed = () => {
      // The answer before this one ended the connection: what came behind it is not looked at (RFC 9112, 9.6).
      if (socket.writable) done()
    }
    if (before === undefined || before.closed) proceed()
    else before.once('close', proceed)
  }

  /** Answers what the parser refused; a whole request in front of it gets its own answer first. */
  onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
    const fault = faultOfError(error)
    if (fault === undefined || socket.destroyed) {
      socket.destroy()
      return
    }
    const before = this.#latest.get(socket)
    const answer = () => endWith(socket, fault.code, fault.error)
    if (before === undefined || before.closed) answer()
    else if (before.req.complete) before.once('close', answer)
    else if (!before.headersSent) answer()
    else socket.destroy()
  }
}

function endWith(socket: Socket, code: AnswerCode, error: string): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const status = answerCatalogue[code]
  const body = JSON.stringify({ error, code })
  socket.write(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
  socket.destroySoon()
}
