// Puts the daemon's routes together. Never listens.
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import { createServer, type Server } from 'node:http'
import type { Logger } from 'pino'
import { meaningOf, StoreError } from '../errors.js'
import { formatVersion } from '../needle/blob-version.js'
import type { Store } from '../store.js'
import { blobRoute, registerBlobRoutes, versionHeader } from './blob-routes.js'
import { isReservedTarget } from './blob-target.js'
import type { HttpLimits } from './http-limits.js'
import type { DaemonMetrics } from './metrics.js'
import { registerOwnRoutes } from './own-routes.js'
import type { UploadWatch } from './upload-rate.js'

export interface AppParts {
  readonly store: Store
  readonly log: Logger
  readonly limits: HttpLimits
  readonly metrics: DaemonMetrics
  readonly uploads: UploadWatch
  readonly draining: () => boolean
}

export function buildApp(parts: AppParts): FastifyInstance<Server> {
  const { limits, log, metrics, draining } = parts
  const app = fastify({
    serverFactory: (handler) => makeServer(handler, limits),
    rewriteUrl: ({ url = '/' }) => (isReservedTarget(url) ? url : blobRoute),
    exposeHeadRoutes: false,
    logger: false,
    // Bodies are read by the routes that want them, against limits of their own.
    bodyLimit: Number.MAX_SAFE_INTEGER,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(error, request, reply, log))
  app.setNotFoundHandler((request, reply) => answerUnknown(request, reply))
  app.addHook('onResponse', (request, reply, done) => {
    metrics.countAnswer(request.method, reply.statusCode)
    log.debug(
      {
        method: request.method,
        target: request.originalUrl,
        status: reply.statusCode,
        ms: reply.elapsedTime,
      },
      'request',
    )
    done()
  })
  app.addHook('onRequest', (_request, reply, done) => {
    if (draining()) reply.header('Connection', 'close')
    done()
  })
  registerOwnRoutes(app, parts)
  registerBlobRoutes(app, parts)
  return app
}

function makeServer(handler: Parameters<typeof createServer>[1], limits: HttpLimits): Server {
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: limits.headerBytesMax,
      noDelay: true,
    },
    handler,
  )
  server.timeout = limits.stalledMs
  server.maxHeadersCount = limits.headersCountMax
  // The PUT route answers 100 Continue itself, once it knows that it wants the body.
  server.on('checkContinue', (request, response) => server.emit('request', request, response))
  return server
}

function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  const { status, retryAfterSeconds } =
    error instanceof StoreError ? meaningOf(error) : { status: error.statusCode ?? 500 }
  if (status >= 500)
    log.error({ err: error, method: request.method, target: request.originalUrl }, 'request failed')
  if (retryAfterSeconds !== undefined) reply.header('Retry-After', String(retryAfterSeconds))
  const version = error instanceof StoreError ? error.details['version'] : undefined
  if (typeof version === 'bigint') reply.header(versionHeader, formatVersion(version))
  if (!request.raw.complete) closeAfter(request, reply)
  const code = error instanceof StoreError ? error.code : status < 500 ? 'BAD_REQUEST' : 'INTERNAL'
  const message =
    status < 500 || error instanceof StoreError ? error.message : 'The request failed; see the log'
  reply.code(status).send({ error: message, code })
}

/** A body that nobody will read ends with its connection, not by being read to its end. */
function closeAfter(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('Connection', 'close')
  reply.raw.once('finish', () => request.raw.socket.destroySoon())
}

function answerUnknown(request: FastifyRequest, reply: FastifyReply): void {
  if (!request.raw.complete) closeAfter(request, reply)
  if (isReservedTarget(request.originalUrl)) {
    const method = request.method === 'GET' || request.method === 'HEAD'
    const answer = method
      ? { status: 404, error: 'There is nothing at this reserved target', code: 'NOT_FOUND' }
      : { status: 400, error: 'This name is reserved', code: 'NAME_RESERVED' }
    reply.code(answer.status).send({ error: answer.error, code: answer.code })
    return
  }
  reply
    .code(405)
    .header('Allow', 'GET, HEAD, PUT, DELETE')
    .send({ error: 'This method is not served', code: 'METHOD_NOT_ALLOWED' })
}
