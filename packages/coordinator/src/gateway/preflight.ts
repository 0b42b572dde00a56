// What a browser asks before a page of another origin may upload, or sign by header: OPTIONS, without credentials (Fetch
// standard, CORS-preflight request). Where the configured headers let other origins in it is answered to everybody, and
// tells nothing that the configuration and the API do not. Pure.
import type { IncomingHttpHeaders } from 'node:http'
import type { GatewayConfig } from './config/gateway-config.js'

export interface PreflightRequest {
  readonly method?: string | undefined
  readonly headers: IncomingHttpHeaders
}

const originHeader = 'access-control-allow-origin'

/**
 * The headers of its answer, 204, beside the configured ones, which win. Undefined for what is no such request, and where
 * no Access-Control-Allow-Origin is configured.
 */
export function preflightAnswer(
  { method, headers }: PreflightRequest,
  { allowedMethods, config }: { readonly allowedMethods: readonly string[]; readonly config: GatewayConfig },
): Record<string, string> | undefined {
  const { origin, 'access-control-request-method': wanted } = headers
  const configured = new Set(config.headers.map(([name]) => name.toLowerCase()))
  if (method !== 'OPTIONS' || origin === undefined || wanted === undefined || !configured.has(originHeader))
    return undefined
  const own = {
    Allow: allowedMethods.join(', '),
    'Access-Control-Allow-Methods': allowedMethods.join(', '),
    // Signed headers have any name: all are let through, and what each request may do is checked with the request.
    'Access-Control-Allow-Headers':
      headers['access-control-request-headers'] ?? 'Authorization, Content-Type',
  }
  return Object.fromEntries(Object.entries(own).filter(([name]) => !configured.has(name.toLowerCase())))
}
