// Puts the gateway's routes together: fastify plugins, one file each. Never listens: whoever does gives `handle` its
// requests. Keys never meet fastify's router, which sees the handler's name alone.
import { endUnread } from '@backpack/http-rules'
import { ClusterError } from '@backpack/cluster-model'
import fastify, {
  type FastifyInstance,
  type FastifyPluginCallback,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { RequestRules } from '../http/request-rules.js'
import { registerAccess } from './authorize.js'
import { bulkDelete } from './bulk-delete.js'
import { ConnectionTraffic } from './connection-traffic.js'
import { deleteBlob } from './delete.js'
import { plainText } from './gateway-answers.js'
import type { GatewayParts } from './gateway-parts.js'
import { handlerOf } from './gateway-request.js'
import type { HandlerName } from './handler-names.js'
import { getBlob } from './get.js'
import { lookup } from './lookup.js'
import { nobucketUpload } from './nobucket-upload.js'
import { ping } from './ping.js'
import { preflightAnswer } from './preflight.js'
import { proxyStat } from './proxy-stat.js'
import { redirect } from './redirect.js'
import { refuse } from './refuse.js'
import { stat } from './stat.js'
import { staticFiles } from './static-files.js'
import { updateLocalConfig } from './update-local-config.js'
import { upload } from './upload.js'

/** Every handler by the first part of its path. */
const handlers = {
  nobucket_upload: nobucketUpload,
  upload,
  get: getBlob,
  lookup,
  redirect,
  delete: deleteBlob,
  bulk_delete: bulkDelete,
  stat,
  proxy_stat: proxyStat,
  ping,
  update_local_config: updateLocalConfig,
} as const satisfies Record<HandlerName, FastifyPluginCallback<GatewayParts>>

/** Where everything that is no handler's goes; no handler has a slash in its name. */
const staticRoute = '/static/'

export interface Gateway {
  readonly app: FastifyInstance
  /** For any number of servers, HTTP and HTTPS. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
  /** To be called with each server: what node:http leaves open is answered there. */
  readonly watch: (server: Server) => void
}

export async function buildGateway(parts: GatewayParts): Promise<Gateway> {
  const rules = new RequestRules(parts.limits, {
    contentType: plainText,
    // As answerWrongMethod() says it.
    wrongMethod: 'BAD_REQUEST',
    render: (_code, error) => `${error}\n`,
    headers: () => parts.config().headers,
  })
  let handleWithFastify: Gateway['handle'] = () => undefined
  const app = fastify({
    // Never listens: its requests come through handle().
    serverFactory: (handler) => {
      handleWithFastify = handler
      return createServer()
    },
    rewriteUrl: ({ url = '/' }) => routeOf(url),
    exposeHeadRoutes: false,
    logger: false,
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      void refuse(parts, { request, reply }, error)
    },
  })
  // Bodies are the handlers' own business: an upload is stored as it comes.
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY']) {
    app.addHttpMethod(method, { hasBody: false, overrideExisting: true })
  }
  app.setErrorHandler((error, request, reply) => refuse(parts, { request, reply }, error))
  app.setNotFoundHandler((request, reply) => answerWrongMethod(app, parts, request, reply))
  registerAccess(app, parts)
  for (const handler of Object.values(handlers)) app.register(handler, parts)
  app.register(staticFiles, parts)
  await app.ready()
  return {
    app,
    handle: frontOf(parts, rules, handleWithFastify),
    watch: (server) => {
      rules.watch(server)
      parts.clients.watch(server)
    },
  }
}

function routeOf(target: string): string {
  const handler = handlerOf(target)
  return target.startsWith('/') && Object.hasOwn(handlers, handler) ? `/${handler}` : staticRoute
}

function frontOf(parts: GatewayParts, rules: RequestRules, handle: Gateway['handle']): Gateway['handle'] {
  const traffic = new ConnectionTraffic()
  return (request, response) => {
    for (const [name, value] of parts.config().headers) response.setHeader(name, value)
    if (parts.draining()) response.setHeader('Connection', 'close')
    response.once('close', () => {
      const handler = routeOf(request.url ?? '') === staticRoute ? '/' : handlerOf(request.url ?? '')
      parts.rates.count(handler, response.statusCode, traffic.bytesOf(request))
    })
    rules.admit(request, response, () => handle(request, response))
  }
}

/** Backrunner says 400 where others say 405; a browser that asks what it may do is told. */
function answerWrongMethod(
  app: FastifyInstance,
  parts: GatewayParts,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const url = routeOf(request.originalUrl)
  const allowedMethods = ['GET', 'HEAD', 'POST', 'PUT'].filter((method) => app.hasRoute({ method, url }))
  const preflight = preflightAnswer(request.raw, { allowedMethods, config: parts.config() })
  if (preflight !== undefined) {
    endUnread(request.raw, reply.raw)
    return reply.code(204).headers(preflight).send()
  }
  const headers = { Allow: allowedMethods.join(', ') }
  const error = new ClusterError('REQUEST_INVALID', `This takes ${allowedMethods.join(' and ')}`, { headers })
  return refuse(parts, { request, reply }, error)
}
