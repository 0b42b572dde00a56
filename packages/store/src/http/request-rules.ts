// What HTTP demands of a server and node:http leaves open: one Host, a bound on headers, requests of a connection
// in their order, and an answer to what is no request at all.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type AnswerCode, answerCatalogue, sendCode } from './answer-codes.js'
import type { HttpLimits } from './http-limits.js'

const faultTexts = {
  BAD_REQUEST: 'This is no HTTP request; in a target, anything but ASCII must be percent-encoded',
  HEADERS_TOO_LARGE: 'The request line and headers are too large, or too many',
  REQUEST_TOO_SLOW: 'The headers did not come in time',
} as const

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
      const fault = this.#faultOf(request.raw)
      if (fault === undefined) return done()
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
    if (before === undefined || before.closed) done()
    else before.once('close', () => done())
  }

  /** node:http drops headers past its maximum in silence, so it is told one more than the limit. */
  #faultOf({
    rawHeaders,
    httpVersion,
    httpVersionMajor,
  }: IncomingMessage): { code: AnswerCode; error: string } | undefined {
    if (httpVersionMajor !== 1) return { code: 'HTTP_VERSION_UNKNOWN', error: 'HTTP/1.1 is spoken here' }
    if (rawHeaders.length / 2 > this.#limits.headersCountMax) {
      return { code: 'HEADERS_TOO_LARGE', error: faultTexts.HEADERS_TOO_LARGE }
    }
    let hosts = 0
    for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === 'host') hosts++
    // Older versions know no Host.
    const isRight = hosts === 1 || (hosts === 0 && httpVersion !== '1.1')
    return isRight ? undefined : { code: 'BAD_REQUEST', error: 'A request has one Host (RFC 9112, 3.2)' }
  }

  /** Answers what the parser refused; a whole request in front of it gets its own answer first. */
  onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
    const code = faultCode(error)
    if (code === undefined || socket.destroyed) {
      socket.destroy()
      return
    }
    const before = this.#latest.get(socket)
    const answer = () => endWith(socket, code, faultTexts[code])
    if (before === undefined || before.closed) answer()
    else if (before.req.complete) before.once('close', answer)
    else if (!before.headersSent) answer()
    else socket.destroy()
  }
}

function faultCode({ code = '' }: NodeJS.ErrnoException): keyof typeof faultTexts | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return 'HEADERS_TOO_LARGE'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'REQUEST_TOO_SLOW'
  return code.startsWith('HPE_') ? 'BAD_REQUEST' : undefined
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
