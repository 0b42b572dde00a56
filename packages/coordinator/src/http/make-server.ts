// A node:http server within the limits. Never listens.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { CoordinatorLimits } from '../limits.js'

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void

export function makeServer(handler: RequestHandler, limits: CoordinatorLimits): Server {
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkEveryMs,
      maxHeaderSize: limits.headerBytesMax,
      noDelay: true,
      // RequestRules looks at the Host: node:http would answer without a body and without the listener's headers.
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
  // Without a listener node:http answers by itself: bare, and before the requests in front of it.
  server.on('checkExpectation', handler)
  return server
}
