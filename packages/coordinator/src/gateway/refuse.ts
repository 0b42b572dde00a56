// Answers a request with what was thrown, and remembers it for /proxy_stat.
import { endUnread } from '@backpack/http-rules'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { logFailure } from '../log-failure.js'
import { gatewayRefusalOf, plainText } from './gateway-answers.js'
import type { GatewayParts } from './gateway-parts.js'

/** One line of text; with `fields` JSON, which holds them beside the error and its code. */
export function refuse(
  { recentErrors, clients, log }: GatewayParts,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  thrown: unknown,
  fields?: object,
): FastifyReply {
  const { raw, originalUrl } = request
  const { status, code, error, headers } = gatewayRefusalOf(thrown)
  const method = raw.method ?? ''
  recentErrors.add({
    method,
    remoteAddress: clients.addressOf(raw.socket),
    url: originalUrl,
    error,
    status,
  })
  if (status >= 500) logFailure(log, thrown, { method, status }, 'request failed')
  endUnread(raw, reply.raw)
  reply.code(status).headers(headers)
  if (fields !== undefined) return reply.send({ error, code, ...fields })
  return reply.type(plainText).send(`${error}\n`)
}
