// Decisions about errors go by their code: an error may come from another bundle's copy of the class.
import { clusterErrorCatalogue, codeOf, detailOf } from '@backpack/cluster-model'

export { codeOf, detailOf }

export interface ErrorMeaning {
  readonly status: number
  readonly retryAfterSeconds?: number
}

/** What an error means to an HTTP client; what has no code is our fault: 500. A store's refusal is passed on. */
export function meaningOf(error: unknown): ErrorMeaning {
  const code = codeOf(error)
  if (code === undefined) return { status: 500 }
  const status = code === 'NODE_REFUSED' ? detailOf(error, 'status') : undefined
  return typeof status === 'number' && blamesRequest(error) ? { status } : clusterErrorCatalogue[code]
}

const notOfRequest: ReadonlySet<unknown> = new Set(['VERSION_INVALID', 'CHECKSUM_MISMATCH'])
const requestFaults: ReadonlySet<unknown> = new Set([400, 413, 414])

/**
 * Whether a store refused what another store would refuse too. A version too far ahead is a matter of clocks, another
 * checksum one of the way there.
 */
export function blamesRequest(error: unknown): boolean {
  if (codeOf(error) !== 'NODE_REFUSED' || notOfRequest.has(detailOf(error, 'code'))) return false
  return requestFaults.has(detailOf(error, 'status'))
}
