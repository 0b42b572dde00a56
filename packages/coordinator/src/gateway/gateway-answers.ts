// How a gateway says no: a status and one line of text/plain, as Backrunner did.
import type { ClusterErrorCode } from '@backpack/cluster-model'
import { codeOf, detailOf } from '../error-codes.js'
import { type Refusal, refusalOf } from '../http/answers.js'

/** Where Backrunner's statuses are not those of the 2013 API. */
const gatewayStatus: Readonly<Partial<Record<ClusterErrorCode, number>>> = {
  LENGTH_REQUIRED: 400,
  NO_NODE_TOOK_IT: 503,
  NO_WRITABLE_SHARD: 503,
}

/** `details.headers` of an error go with its answer. */
export function gatewayRefusalOf(thrown: unknown): Refusal {
  const refusal = refusalOf(thrown)
  const code = codeOf(thrown)
  if (code === undefined) return refusal
  const status = gatewayStatus[code] ?? refusal.status
  const own = detailOf(thrown, 'headers') as Readonly<Record<string, string>> | undefined
  const retry = status === 503 && code !== 'NOT_CONFIGURED' ? { 'Retry-After': '1' } : {}
  return { ...refusal, status, headers: { ...retry, ...refusal.headers, ...own } }
}
