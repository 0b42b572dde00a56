// The ways in which a request may be signed, or not, and the request that comes of each.
import { pathOfName } from '@backpack/cluster-model'
import { authorizationOf, inSeconds, queryOf, signatureOf, type ToSign } from './small-gateway.js'

/** In the order of the table's columns. */
export const accessCases = [
  'none',
  'malformed',
  'unknown',
  'token',
  'flag',
  'unsigned',
  'right',
  'expired',
  'method',
  'path',
  'query',
  'header',
] as const

export type AccessCase = (typeof accessCases)[number]

/** 'link': everything in the query. 'plain': by header on the listener of 2013, whose names hold their query. */
export type SignedForm = 'header' | 'link' | 'plain'

export interface RequestToSign {
  readonly method: string
  /** Decoded. */
  readonly path: string
  /** Who may do it. */
  readonly right: string
  /** Who has a token, but not the flag. */
  readonly without: string
  /** Who needs no signature and has no other flag. */
  readonly unsigned: string
}

export interface SignedRequest {
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** What a 403 must not tell: the signature with which each of the users would be let in. */
  readonly rightSignatures: readonly string[]
}

/** What stands behind each path on the listener of 2013, and is part of a name. One that `/-/explain` knows. */
export const plainQuery = '?size=1'

/** Each stands for another one, that does something else. */
const otherMethod: Readonly<Record<string, string>> = {
  GET: 'HEAD',
  HEAD: 'POST',
  POST: 'PUT',
  PUT: 'GET',
  DELETE: 'GET',
}

export function signedRequest(form: SignedForm, how: AccessCase, request: RequestToSign): SignedRequest {
  return form === 'plain' ? signedPlainly(how, request) : signedForGateway(form, how, request)
}

function userOf(how: AccessCase, { right, without, unsigned }: RequestToSign): string {
  if (how === 'unknown') return 'nobody'
  if (how === 'flag') return without
  return how === 'unsigned' ? unsigned : right
}

/** What is signed where something else is sent. */
function replayed(how: AccessCase, sent: ToSign): ToSign {
  const { method, path, headers } = sent
  if (how === 'method') return { ...sent, method: otherMethod[method] ?? 'GET' }
  if (how === 'path') return { ...sent, path: `${path}x` }
  if (how === 'header') return { ...sent, headers: { ...headers, 'X-Ell-Ttl': '61' } }
  return how === 'token' ? { ...sent, token: 'another token, no less secret' } : sent
}

function signedForGateway(form: 'header' | 'link', how: AccessCase, request: RequestToSign): SignedRequest {
  const { method, path } = request
  const user = userOf(how, request)
  const own: [string, string][] = [
    ['a', '1'],
    ['expires', String(inSeconds(how === 'expired' ? -60 : 3600))],
  ]
  const query = form === 'link' ? [...own, ['user', user] as const] : own
  const sent: ToSign = { user, method, path, query, headers: { 'X-Ell-Ttl': '60' } }
  const other: [string, string][] = query.map(([name, value]) => [name, name === 'a' ? '0' : value])
  const signed = how === 'query' ? { ...sent, query: other } : replayed(how, sent)
  const target = pathOfName(path.slice(1))
  const headers = sent.headers as Record<string, string>
  const rightSignatures = rightSignaturesOf(request, sent)
  if (how === 'none') return { target: target + queryOf(own), headers, rightSignatures }
  if (form === 'header') {
    const shown = { malformed: `Backpack ${user}`, unsigned: `Backpack ${user}:00` }[how as string]
    const Authorization = shown ?? authorizationOf(signed)
    return { target: target + queryOf(query), headers: { ...headers, Authorization }, rightSignatures }
  }
  const signature = { malformed: 'zz', unsigned: '00' }[how as string] ?? signatureOf(signed)
  return { target: target + queryOf([...query, ['signature', signature]]), headers, rightSignatures }
}

function signedPlainly(how: AccessCase, request: RequestToSign): SignedRequest {
  const { method } = request
  const user = userOf(how, request)
  const path = request.path + plainQuery
  const headers: Record<string, string> = {
    'X-Ell-Ttl': '60',
    'X-Ell-Expires': String(inSeconds(how === 'expired' ? -60 : 3600)),
  }
  const sent: ToSign = { user, method, path, headers }
  const signed = how === 'query' ? { ...sent, path: `${request.path}?size=2` } : replayed(how, sent)
  const target = pathOfName(request.path.slice(1)) + plainQuery
  const rightSignatures = rightSignaturesOf(request, sent)
  if (how === 'none') return { target, headers, rightSignatures }
  const shown = { malformed: `Backpack ${user}`, unsigned: `Backpack ${user}:00` }[how as string]
  return { target, headers: { ...headers, Authorization: shown ?? authorizationOf(signed) }, rightSignatures }
}

function rightSignaturesOf({ right, without, unsigned }: RequestToSign, sent: ToSign): string[] {
  return [right, without, unsigned].map((user) => signatureOf({ ...sent, user }))
}
