// Every route of both listeners as the table of accesses asks for it, and what tells whether it did anything.
import { readFileSync } from 'node:fs'
import { buildGateway } from '../../src/gateway/build-gateway.js'
import type { GatewayParts } from '../../src/gateway/gateway-parts.js'
import { type AppParts, buildApp } from '../../src/http/build-app.js'
import { coordinatorLimits } from '../../src/limits.js'
import { send } from '../helpers/http-request.js'
import type { SmallGateway } from './small-gateway.js'

export interface AccessRoute {
  /** Decoded; `key` is another one for each request. */
  readonly path: (key: string) => string
  /** What it does to the blob of this name. */
  readonly effect: 'read' | 'write' | 'delete' | 'configure' | 'none'
  readonly body?: (key: string, gateway: SmallGateway) => string
  readonly contentType?: string
  /** It belongs to the administrators. */
  readonly admin?: boolean
}

/** By the route's name in the table, after its listener and method. */
export const accessRoutes: Readonly<Record<string, AccessRoute>> = {
  'gateway /get': { path: (key) => `/get/1/${key}`, effect: 'read' },
  'gateway /lookup': { path: (key) => `/lookup/1/${key}`, effect: 'read' },
  'gateway /redirect': { path: (key) => `/redirect/1/${key}`, effect: 'read' },
  'gateway /upload': { path: (key) => `/upload/1/${key}`, effect: 'write', body: () => 'meow' },
  'gateway /nobucket_upload': {
    path: (key) => `/nobucket_upload/${key}`,
    effect: 'write',
    body: () => 'meow',
  },
  'gateway /delete': { path: (key) => `/delete/1/${key}`, effect: 'delete' },
  'gateway /bulk_delete': {
    path: () => '/bulk_delete/1',
    effect: 'delete',
    body: (key) => JSON.stringify({ keys: [key] }),
  },
  'gateway /stat': { path: () => '/stat/[1,2]', effect: 'none', admin: true },
  'gateway /proxy_stat': { path: () => '/proxy_stat/', effect: 'none', admin: true },
  'gateway /update_local_config': {
    path: () => '/update_local_config/',
    effect: 'configure',
    admin: true,
    body: (key, gateway) => {
      const { proxy } = JSON.parse(readFileSync(gateway.configFile, 'utf8')) as { proxy: object }
      return JSON.stringify({ proxy: { ...proxy, headers: { 'X-Configured': encodeURIComponent(key) } } })
    },
  },
  'gateway /ping': { path: () => '/ping/', effect: 'none' },
  'gateway /static/': { path: () => '/hello.txt', effect: 'none' },
  'gateway /nothing': { path: (key) => `/nothing/${key}`, effect: 'read' },
  'gateway /exit': { path: () => '/exit/', effect: 'none' },
  'gateway /profile': { path: () => '/profile/', effect: 'none' },
  'plain (blob)': { path: (key) => `/1:${key}`, effect: 'read' },
  'plain (new blob)': { path: (key) => `/${key}`, effect: 'write', body: () => 'meow' },
  'plain (old blob)': { path: (key) => `/1:${key}`, effect: 'delete' },
  'plain /stats': { path: () => '/stats', effect: 'none' },
  'plain /-/live': { path: () => '/-/live', effect: 'none' },
  'plain /-/ready': { path: () => '/-/ready', effect: 'none' },
  'plain /-/cluster': { path: () => '/-/cluster', effect: 'none' },
  'plain /-/explain': { path: () => '/-/explain', effect: 'none' },
  'plain /-/metrics': { path: () => '/-/metrics', effect: 'none' },
  'plain /-/queue/parked': { path: () => '/-/queue/parked', effect: 'none' },
  'plain /-/queue/retry': {
    path: () => '/-/queue/retry',
    effect: 'none',
    admin: true,
    body: () => '{}',
    contentType: 'application/json',
  },
  'plain /-/nothing': { path: () => '/-/nothing', effect: 'none', admin: true },
}

/** What the listeners serve, as the table writes it: `gateway GET /get`. */
export async function servedRoutes(gateway: SmallGateway): Promise<string[]> {
  const { app } = await buildGateway({ limits: coordinatorLimits } as unknown as GatewayParts)
  const plain = buildApp({ limits: coordinatorLimits } as unknown as AppParts)
  await plain.ready()
  const blobMethods = (await send(gateway.port, 'PATCH', '/1:x')).headers.allow ?? ''
  const served = [
    ...routesIn(app.printRoutes({ commonPrefix: false })).map((route) => `gateway ${route}`),
    ...routesIn(plain.printRoutes({ commonPrefix: false })).map((route) => `plain ${route}`),
    ...blobMethods.split(', ').map((method) => `plain ${method} ${blobRoute(method)}`),
  ]
  await app.close()
  await plain.close()
  return served
}

function blobRoute(method: string): string {
  if (method === 'PUT') return '(new blob)'
  return method === 'DELETE' ? '(old blob)' : '(blob)'
}

/** `GET /get` and so on, from fastify's drawing of its tree. */
function routesIn(drawing: string): string[] {
  const prefixes: string[] = []
  const routes: string[] = []
  for (const line of drawing.split('\n')) {
    const [, indent = '', part = '', methods = ''] = /^([│ ]*)[├└]── (\S+)(?: \((.*)\))?$/.exec(line) ?? []
    if (part === '') continue
    const depth = indent.length / 4
    prefixes[depth] = (prefixes[depth - 1] ?? '') + part
    for (const method of methods.split(', ').filter((each) => each !== '')) {
      routes.push(`${method} ${prefixes[depth]}`)
    }
  }
  return routes
}
