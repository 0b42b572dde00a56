// How a gateway says no: a status and one line of text/plain, as Backrunner did.
import { ClusterError, type ClusterErrorCode } from '@backpack/cluster-model'
import { codeOf, detailOf } from '../error-codes.js'
import { type Refusal, refusalOf } from '../http/answers.js'

/** Where Backrunner's statuses are not those of the 2013 API. */
const gatewayStatus: Readonly<Partial<Record<ClusterErrorCode, number>>> = {
  NO_NODE_TOOK_IT: 503,
}

const badRequest = { status: 400, code: 'REQUEST_INVALID', error: 'This is no request that is taken here' }

/** What fastify refuses by itself has a status and no code of ours. */
function isFaultOfRequest(thrown: unknown): boolean {
  const { statusCode } = (thrown ?? {}) as { statusCode?: unknown }
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
}

/** `details.headers` of an error go with its answer. */
export function gatewayRefusalOf(thrown: unknown): Refusal {
  const refusal = refusalOf(thrown)
  const code = codeOf(thrown)
  if (code === undefined) return isFaultOfRequest(thrown) ? { ...refusal, ...badRequest } : refusal
  const status = gatewayStatus[code] ?? refusal.status
  const own = detailOf(thrown, 'headers') as Readonly<Record<string, string>> | undefined
  const retry = status === 503 && code !== 'NOT_CONFIGURED' ? { 'Retry-After': '1' } : {}
  return { ...refusal, status, headers: { ...retry, ...refusal.headers, ...own } }
}

export const plainText = 'text/plain; charset=utf-8'

export function blobMissing(): ClusterError {
  return new ClusterError('BLOB_MISSING', 'There is no blob of this key')
}
