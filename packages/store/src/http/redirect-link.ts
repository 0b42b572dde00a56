// Redirects of the gateway: a link to a name, or the headers of the original, signed with the redirect token and good for
// a limited time. HEAD is asked with the signature of GET. Pure but for the clock that is given.
import { isSignatureOf, type Secret, signedText } from '@backpack/signing'
import { decodeTarget } from './blob-target.js'

/** A target is a link exactly when it ends so: in a link the `?` of a name is escaped, as daemons always escape it. */
const linkEnd = /\?expires=(\d{1,12})&signature=([0-9a-f]{128})$/
const bareSignature = /^[0-9a-f]{128}$/
const seconds = /^\d{1,12}$/

export interface RedirectLink {
  /** Without its query. */
  readonly target: string
  /** As it came: seconds since 1970, up to which the link is good. */
  readonly expires: string
  readonly signature: string
}

/** Undefined when the target is no link. */
export function parseLink(target: string): RedirectLink | undefined {
  const found = linkEnd.exec(target)
  const [, expires, signature] = found ?? []
  if (found === null || expires === undefined || signature === undefined) return undefined
  return { target: target.slice(0, found.index), expires, signature }
}

export type LinkState = 'good' | 'wrong' | 'expired'

/** Throws NAME_INVALID and NAME_TOO_LONG, as decodeTarget(). 'expired' only with the right signature. */
export function checkLink(
  token: Secret,
  { target, expires, signature }: RedirectLink,
  nowMs: number,
): LinkState {
  const path = `/${decodeTarget(target)}`
  const text = signedText({ method: 'GET', path, query: [['expires', expires]] })
  if (!isSignatureOf(token, text, signature)) return 'wrong'
  return nowMs > Number(expires) * 1000 ? 'expired' : 'good'
}

export interface SignedHeaders {
  readonly target: string
  /** Names and values, in the order in which they came. */
  readonly headers: readonly (readonly [string, string])[]
}

/**
 * The original's form: a bare Authorization over the path and every X-Ell- header, good until X-Ell-Signtime +
 * X-Ell-Signature-Timeout (both in seconds). Undefined when the request does not have it. Throws as checkLink().
 */
export function checkRedirectHeaders(
  token: Secret,
  { target, headers }: SignedHeaders,
  nowMs: number,
): LinkState | undefined {
  const valueOf = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? ''
  const signature = valueOf('authorization')
  const signedAt = valueOf('x-ell-signtime')
  const timeout = valueOf('x-ell-signature-timeout')
  if (!bareSignature.test(signature) || !seconds.test(signedAt) || !seconds.test(timeout)) return undefined
  const text = signedText({ method: 'GET', path: `/${decodeTarget(target)}`, headers })
  if (!isSignatureOf(token, text, signature)) return 'wrong'
  return nowMs > (Number(signedAt) + Number(timeout)) * 1000 ? 'expired' : 'good'
}
