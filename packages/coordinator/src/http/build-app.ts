// Puts the HTTP server together: blobs on plain node:http, for CPU per request decides there; everything below /-/
// through fastify. Names never meet its router. Never listens.
import { makeServer, type RequestHandler } from '@backpack/http-rules'
import fastify, { type FastifyInstance } from 'fastify'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { checkPlainAccess } from '../access/plain-access.js'
import { withoutSignature } from '../access/without-signature.js'
import { addressOfTarget } from '../blob-address.js'
import { handleDelete } from '../handle-delete.js'
import { refusalOf, sendCode, sendThrown, versionHeader } from './answers.js'
import type { CoordinatorMetrics } from './metrics.js'
import { registerOwnRoutes } from './own-routes.js'
import { RequestRules } from './request-rules.js'
import { type ReadParts, serveBlob } from './serve-blob.js'
import { refuseConditions, servePut } from './serve-put.js'

export interface AppParts extends ReadParts {
  readonly metrics: CoordinatorMetrics
  readonly draining: () => boolean
}

export function buildApp(parts: AppParts): FastifyInstance<Server> {
  const { limits, log } = parts
  const rules = new RequestRules(limits)
  const app = fastify({
    serverFactory: (handler) => makeServer(frontOf(parts, rules, handler), limits),
    exposeHeadRoutes: true,
    logger: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  })
  rules.watch(app.server)
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const own = refusalOf(error)
    // What fastify refuses, such as a body that is no JSON, has a status and no code of ours.
    const { status, code, headers } =
      own.code === 'INTERNAL' && (error.statusCode ?? 500) < 500
        ? { status: error.statusCode as number, code: 'BAD_REQUEST', headers: {} }
        : own
    if (status >= 500)
      log.error(
        { err: error, method: request.method, target: withoutSignature(request.url ?? '') },
        'request failed',
      )
    return reply
      .code(status)
      .headers(headers)
      .send({ error: status < 500 ? error.message : own.error, code })
  })
  app.setNotFoundHandler((_request, reply) => {
    return reply.code(404).send({ error: 'There is nothing at this reserved target', code: 'NOT_FOUND' })
  })
  registerOwnRoutes(app, parts)
  return app
}

/** Targets the coordinator answers itself. */
function isReservedTarget(target: string): boolean {
  return target === '/stats' || target.startsWith('/-/') || target.startsWith('/stats?')
}

function frontOf(parts: AppParts, rules: RequestRules, fastifyHandler: RequestHandler): RequestHandler {
  const { metrics, log, draining } = parts
  return (request, response) => {
    if (draining()) response.setHeader('Connection', 'close')
    rules.admit(request, response, () => {
      if (isReservedTarget(request.url ?? '')) {
        response.once('close', () => metrics.countAnswer(request.method ?? '', response.statusCode))
        fastifyHandler(request, response)
        return
      }
      serve(parts, request, response)
        .catch((error: unknown) => sendThrown(response, error, log))
        .finally(() => metrics.countAnswer(request.method ?? '', response.statusCode))
        // Only a fault in answering itself comes here.
        .catch(() => response.destroy())
    })
  }
}

async function serve(parts: AppParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  switch (request.method) {
    case 'PUT':
      return servePut(parts, request, response)
    case 'GET':
    case 'HEAD':
      return serveBlob(parts, request, response)
    case 'DELETE':
      return serveDelete(parts, request, response)
    default:
      response.setHeader('Allow', 'GET, HEAD, PUT, DELETE')
      sendCode(response, 'METHOD_NOT_ALLOWED', 'This method is not served')
  }
}

async function serveDelete(
  parts: AppParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  refuseConditions(request.headers)
  const address = addressOfTarget(request.url ?? '')
  const access = parts.watch.snapshot.shards.get(address.shardId)?.access ?? 'open'
  checkPlainAccess(access, request, 'write')
  const receipt = await handleDelete(parts, address)
  if (receipt.outcome === 'missing') {
    sendCode(response, 'NOT_FOUND', 'There is no blob of this name')
    return
  }
  response.writeHead(204, { [versionHeader]: receipt.version })
  response.end()
}
