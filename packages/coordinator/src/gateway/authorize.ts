// Reads what each request asks for and checks whether it may, before any handler sees it. Every route says whose it is.
import { ClusterError, type Shard } from '@backpack/cluster-model'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { checkAccess, type Credentials } from '../access/check-access.js'
import { readCredentials } from '../access/read-credentials.js'
import type { GatewayParts } from './gateway-parts.js'
import { type GatewayTarget, parseGatewayTarget } from './gateway-request.js'

/**
 * 'read' and 'write' are rights to the shard that the first part behind the handler names. A 'chooser' picks among the
 * shards that its user may write.
 */
export type RouteAccess = 'everyone' | 'read' | 'write' | 'chooser' | 'admin'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess
  }
  interface FastifyRequest {
    target: GatewayTarget
    credentials: Credentials
    /** Of routes that read or write one. */
    shard: Shard | undefined
  }
}

export function registerAccess(app: FastifyInstance, parts: GatewayParts): void {
  app.decorateRequest('target')
  app.decorateRequest('credentials')
  app.decorateRequest('shard', undefined)
  app.addHook('onRoute', ({ url, config }) => {
    if (config?.access === undefined) throw new Error(`The route ${url} does not say who may use it`)
  })
  app.addHook('onRequest', (request, _reply, done) => {
    // Where there is no route, the method is wrong: that is said first.
    if (request.is404) return done()
    authorize(parts, request)
    done()
  })
}

function authorize(parts: GatewayParts, request: FastifyRequest): void {
  request.target = parseGatewayTarget(request.originalUrl)
  const credentials = readCredentials(request.raw, request.target)
  request.credentials = credentials
  switch (request.routeOptions.config.access) {
    case 'read':
    case 'write': {
      const right = request.routeOptions.config.access
      request.shard = shardOf(parts, request.target)
      checkAccess(request.shard.access, { credentials, right })
      return
    }
    case 'admin': {
      const { adminAccess } = parts.watch.snapshot
      if (adminAccess === 'open') {
        throw new ClusterError('ACCESS_DENIED', 'There is no admin ACL, so that nobody may do this')
      }
      checkAccess(adminAccess, { credentials, right: 'admin' })
      return
    }
    default:
      checkAccess('open', { credentials, right: 'read' })
  }
}

function shardOf({ watch }: GatewayParts, { handler, rest }: GatewayTarget): Shard {
  const slash = rest.indexOf('/')
  const id = slash < 0 ? rest : rest.slice(0, slash)
  if (id === '') throw new ClusterError('REQUEST_INVALID', `The address is /${handler}/<bucket>/…`)
  const shard = watch.snapshot.shards.get(id)
  if (shard === undefined) throw new ClusterError('SHARD_UNKNOWN', `There is no bucket ${JSON.stringify(id)}`)
  return shard
}

/** The shard of a route whose access is 'read' or 'write'. */
export function requireShard({ shard }: FastifyRequest): Shard {
  if (shard === undefined) throw new Error('This route names no shard')
  return shard
}
