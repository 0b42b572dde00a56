// Who a request says it is: by its Authorization header, or by the parameters of a link.
import type { Secret } from '@backpack/signing'
import type { IncomingMessage } from 'node:http'
import { type Credentials, isTargetSigned } from './check-access.js'

const anybody = '*'
const beyondAscii = /[^\0-\x7f]/
const hexPattern = /^[0-9a-fA-F]+$/
const controlCharacter = /[\u0000-\u001f\u007f]/
const secondsPattern = /^\d{1,12}$/
const expiresHeader = 'x-ell-expires'

export interface RequestTarget {
  /** Percent-decoded once, with its leading slash. */
  readonly path: string
  /** Undefined without a `?`; of a repeated name the first counts. */
  readonly query: readonly (readonly [string, string])[] | undefined
  /** Where names hold their query: a `?` is like any other character of the path. */
  readonly opaque?: boolean
}

export function readCredentials(
  { method = '', headers, rawHeaders }: Pick<IncomingMessage, 'method' | 'headers' | 'rawHeaders'>,
  target: RequestTarget,
): Credentials {
  const { path, query } = target
  const { user, signature } = whoSays(headers.authorization, query)
  const end = headers[expiresHeader]
  const covered = { method, path, query, headers: signedHeaders(rawHeaders) }
  const clear = isClear(target, end !== undefined)
  // An upload asks several times, most often for one token.
  let last: { readonly token: Secret; readonly isSigned: boolean } | undefined
  return {
    user,
    signature,
    expiresAtSeconds: earliest(firstOf(query, 'expires'), end),
    isSignedWith: (token) => {
      if (last?.token !== token)
        last = { token, isSigned: clear && isTargetSigned(covered, signature, token) }
      return last.isSigned
    },
  }
}

/**
 * Whether the signed text stands for this request alone. A line end in a path could pass for a signed header; a `?` in it
 * for a query, unless one follows, in which every other `?` is escaped. An opaque path with a `?` needs a signed end in a
 * header, which sets it apart from the links of a gateway.
 */
function isClear({ path, query, opaque = false }: RequestTarget, hasEnd: boolean): boolean {
  if (controlCharacter.test(path)) return false
  return !path.includes('?') || (opaque ? hasEnd : query !== undefined)
}

/** A header that is there decides, also when it is malformed: then it is anybody. */
function whoSays(
  authorization: string | undefined,
  query: RequestTarget['query'],
): { user: string; signature: string | undefined } {
  if (authorization !== undefined) {
    return parseAuthorization(textOf(authorization)) ?? { user: anybody, signature: undefined }
  }
  const signature = firstOf(query, 'signature')
  const user = firstOf(query, 'user')
  return signature === undefined || user === undefined
    ? { user: anybody, signature: undefined }
    : { user, signature }
}

/** `<scheme> <user>:<hex>`; the user may hold colons. Undefined for anything else. */
function parseAuthorization(text: string): { user: string; signature: string } | undefined {
  const space = text.indexOf(' ')
  const colon = text.lastIndexOf(':')
  const user = text.slice(space + 1, colon).trimStart()
  const signature = text.slice(colon + 1)
  return space > 0 && colon > space && user !== '' && hexPattern.test(signature)
    ? { user, signature }
    : undefined
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
  if (!beyondAscii.test(value)) return value
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
