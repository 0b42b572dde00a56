// Puts the daemon's routes together. Never listens.
import { endUnread, makeServer } from '@backpack/http-rules'
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { Server } from 'node:http'
import type { Logger } from 'pino'
import { StoreError } from '../errors.js'
import { formatVersion } from '../needle/blob-version.js'
import type { Store } from '../store.js'
import { answerCatalogue, refusalOf, sendCode } from './answer-codes.js'
import { blobRoute, registerBlobRoutes, versionHeader } from './blob-routes.js'
import { isReservedTarget } from './blob-target.js'
import { registerDigestRoutes } from './digest-routes.js'
import type { HttpLimits } from './http-limits.js'
import type { DaemonMetrics } from './metrics.js'
import { registerOwnRoutes } from './own-routes.js'
import type { Permit, RequestAccess } from './request-access.js'
import { RequestRules } from './request-rules.js'
import type { UploadWatch } from './upload-rate.js'

export interface AppParts {
  readonly store: Store
  readonly log: Logger
  readonly limits: HttpLimits
  readonly metrics: DaemonMetrics
  readonly uploads: UploadWatch
  readonly access: RequestAccess
  readonly draining: () => boolean
}

export function buildApp(parts: AppParts): FastifyInstance<Server> {
  const { limits, log, metrics, access, draining } = parts
  const rules = new RequestRules(limits)
  const app = fastify({
    serverFactory: (handler) => makeServer(handler, limits),
    rewriteUrl: ({ url = '/' }) => (isReservedTarget(url) ? url : blobRoute),
    exposeHeadRoutes: false,
    logger: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: (error, socket) => rules.onClientError(error, socket),
    frameworkErrors: (error, request, reply) =>
      answerError(error, request as unknown as FastifyRequest, reply as unknown as FastifyReply, log),
  })
  // Bodies are the routes' own business, and so is a Content-Type, which is stored as it came.
  for (const method of ['PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS']) {
    app.addHttpMethod(method, { hasBody: false, overrideExisting: true })
  }
  rules.register(app)
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
  app.decorateRequest('permit')
  // Behind the rules: a request waits there for its turn on the connection.
  app.addHook('onRequest', (request, _reply, done) => {
    const { method, originalUrl: target, raw } = request
    const permit = access.permit({ method, target, headers: raw.headers, rawHeaders: raw.rawHeaders })
    request.setDecorator<Permit>('permit', permit)
    done()
  })
  registerOwnRoutes(app, parts)
  registerDigestRoutes(app, parts)
  registerBlobRoutes(app, parts)
  return app
}

function answerError(thrown: FastifyError, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  const { status, code, error, retryAfterSeconds, version } = refusalOf(
    thrown,
    () => thrown.statusCode ?? answerCatalogue.INTERNAL,
  )
  if (status >= 500)
    log.error({ err: thrown, method: request.method, target: request.originalUrl }, 'request failed')
  if (retryAfterSeconds !== undefined) reply.header('Retry-After', String(retryAfterSeconds))
  if (version !== undefined) reply.header(versionHeader, formatVersion(version))
  endUnread(request.raw, reply.raw)
  reply.code(status).send({ error, code })
}

function answerUnknown(request: FastifyRequest, reply: FastifyReply): void {
  endUnread(request.raw, reply.raw)
  if (!isReservedTarget(request.originalUrl)) {
    reply.header('Allow', 'GET, HEAD, PUT, DELETE')
    sendCode(reply, 'METHOD_NOT_ALLOWED', 'This method is not served')
  } else if (request.method === 'GET' || request.method === 'HEAD') {
    sendCode(reply, 'NOT_FOUND', 'There is nothing at this reserved target')
  } else {
    reply.send(new StoreError('NAME_RESERVED', 'This name is reserved'))
  }
}
