// A node:http server within limits, which leaves every answer to its handler. Never listens.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void

export interface ServerLimits {
  /** From the first byte of a request to the end of its headers. */
  readonly headersMs: number
  /** A kept-alive connection without a request. */
  readonly keepAliveMs: number
  /** A connection on which nothing moves. */
  readonly stalledMs: number
  /** How often these deadlines are looked at. */
  readonly checkEveryMs: number
  /** Request line and headers together. */
  readonly headerBytesMax: number
  /** For faultOfRequest() to look at. */
  readonly headersCountMax: number
}

export function makeServer(handler: RequestHandler, limits: ServerLimits): Server {
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkEveryMs,
      maxHeaderSize: limits.headerBytesMax,
      noDelay: true,
      // faultOfRequest() looks at it: node:http would answer without a word.
      requireHostHeader: false,
    },
    handler,
  )
  server.timeout = limits.stalledMs
  // A client may end its side behind its request and still gets the answer.
  Object.assign(server, { httpAllowHalfOpen: true })
  server.maxHeadersCount = limits.headersCountMax + 1
  // An upload is answered with 100 Continue by its route, once it is known that its body is wanted.
  server.on('checkContinue', handler)
  // faultOfRequest() again: node:http would answer bare, and before the requests in front of it.
  server.on('checkExpectation', handler)
  return server
}
