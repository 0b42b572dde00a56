// Who a request says it is: by its Authorization header, or by the parameters of a link.
import type { IncomingMessage } from 'node:http'
import { type Credentials, isTargetSigned } from './check-access.js'

const anybody = '*'
/** `<scheme> <user>:<hex>`: the user may hold colons. */
const authorizationPattern = /^\S+ +(.+):([0-9a-fA-F]+)$/
const secondsPattern = /^\d{1,12}$/
const expiresHeader = 'x-ell-expires'

export interface RequestTarget {
  /** Percent-decoded once, with its leading slash. */
  readonly path: string
  /** Undefined without a `?`; of a repeated name the first counts. */
  readonly query: readonly (readonly [string, string])[] | undefined
}

export function readCredentials(
  { method = '', headers, rawHeaders }: Pick<IncomingMessage, 'method' | 'headers' | 'rawHeaders'>,
  { path, query }: RequestTarget,
): Credentials {
  const { user, signature } = whoSays(headers.authorization, query)
  const covered = { method, path, query, headers: signedHeaders(rawHeaders) }
  return {
    user,
    signature,
    expiresAtSeconds: earliest(firstOf(query, 'expires'), headers[expiresHeader]),
    isSignedWith: (token) => isTargetSigned(covered, signature, token),
  }
}

/** A header that is there decides, also when it is malformed: then it is anybody. */
function whoSays(
  authorization: string | undefined,
  query: RequestTarget['query'],
): { user: string; signature: string | undefined } {
  if (authorization !== undefined) {
    const [, user, signature] = authorizationPattern.exec(textOf(authorization)) ?? []
    return user === undefined ? { user: anybody, signature: undefined } : { user, signature }
  }
  const signature = firstOf(query, 'signature')
  const user = firstOf(query, 'user')
  return signature === undefined || user === undefined
    ? { user: anybody, signature: undefined }
    : { user, signature }
}

function signedHeaders(rawHeaders: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    if (/^x-ell-/i.test(name)) pairs.push([name, textOf(rawHeaders[at + 1] as string)])
  }
  return pairs
}

/** node:http gives the bytes of a header as Latin-1; who signed meant UTF-8. */
function textOf(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8')
}

/** The parameter of the query and the header may both set an end. NaN for what is no time. */
function earliest(...ends: readonly (string | string[] | undefined)[]): number | undefined {
  const given = ends.filter((end) => end !== undefined)
  if (given.length === 0) return undefined
  return Math.min(
    ...given.map((end) => (typeof end === 'string' && secondsPattern.test(end) ? Number(end) : Number.NaN)),
  )
}

export function firstOf(query: RequestTarget['query'], name: string): string | undefined {
  return query?.find(([each]) => each === name)?.[1]
}
