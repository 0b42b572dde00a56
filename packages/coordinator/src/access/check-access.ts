// Who may do what: the ACL of a shard, or of the administrators, against what a request shows. Pure but for the clock
// that is given. The rules are Backrunner's: docs/gateway.md has them in a table.
import { type AclEntry, aclFlags, ClusterError, type ShardAccess } from '@backpack/cluster-model'
import { isSignatureOf, Secret, signedText } from '@backpack/signing'

export type Right = 'read' | 'write' | 'admin'

/** What a request says of who asks, and what its signature covers. */
export interface Credentials {
  /** Who it says it is; `*` without a word of it, or with a malformed one. */
  readonly user: string
  /** Hex digits; undefined without any. */
  readonly signature: string | undefined
  /** Undefined without an end; NaN when what it says is no time. Unix seconds. */
  readonly expiresAtSeconds: number | undefined
  /** Whether the signature is the token's. */
  readonly isSignedWith: (token: Secret) => boolean
}

const nobodysToken = new Secret('nobody has this token')

const flagOf = { read: 0, write: aclFlags.write, admin: aclFlags.admin } as const satisfies Record<
  Right,
  number
>

export interface AccessRequest {
  readonly credentials: Credentials
  readonly right: Right
  /** ms since 1970; default: now. */
  readonly nowMs?: number
}

/** Throws ACCESS_DENIED, whose message says nothing about what would be right. */
export function checkAccess(access: ShardAccess, request: AccessRequest): void {
  const denial = denialOf(access, request)
  if (denial !== undefined) throw accessDenied(denial)
}

/** Of all refusals but that of an end the same words: they tell nothing. */
export function accessDenied(why = 'This user may not do this, or the signature is wrong'): ClusterError {
  return new ClusterError('ACCESS_DENIED', why)
}

/** Whether checkAccess() lets it pass. */
export function mayAccess(access: ShardAccess, request: AccessRequest): boolean {
  return denialOf(access, request) === undefined
}

/**
 * For an upload that goes on for a while: whether its user may write to a shard by the ACL that the shard has then, the
 * end of the request looked at as of now.
 */
export function mayWriteWith(credentials: Credentials): (shard: { readonly access: ShardAccess }) => boolean {
  const nowMs = Date.now()
  return ({ access }) => access === 'open' || mayAccess(access, { credentials, right: 'write', nowMs })
}

/** An end that has passed, or is no time, refuses also where everybody is let in. */
function denialOf(
  access: ShardAccess,
  { credentials, right, nowMs = Date.now() }: AccessRequest,
): string | undefined {
  const { expiresAtSeconds } = credentials
  if (expiresAtSeconds !== undefined && !(nowMs <= expiresAtSeconds * 1000)) return 'This request has expired'
  if (access === 'open') return undefined
  if (access !== 'closed' && isAllowed(access.users.get(credentials.user), credentials, right))
    return undefined
  return 'This user may not do this, or the signature is wrong'
}

/** A flag that is missing refuses even a user who needs no signature. */
function isAllowed(entry: AclEntry | undefined, credentials: Credentials, right: Right): boolean {
  if (entry === undefined) {
    // Takes as long as a listed user's wrong signature: time must not tell who is listed.
    credentials.isSignedWith(nobodysToken)
    return false
  }
  const { flags, token } = entry
  if ((flags & flagOf[right]) !== flagOf[right]) return false
  return (flags & aclFlags.unsigned) !== 0 || credentials.isSignedWith(token)
}

/** What the signature of a request covers, decoded. A HEAD is also allowed what a GET is: links are signed for GET. */
export interface SignedTarget {
  readonly method: string
  readonly path: string
  readonly query: readonly (readonly [string, string])[] | undefined
  readonly headers: readonly (readonly [string, string])[]
}

export function isTargetSigned(target: SignedTarget, signature: string | undefined, token: Secret): boolean {
  if (signature === undefined) return false
  if (isSignatureOf(token, signedText(target), signature)) return true
  return target.method === 'HEAD' && isSignatureOf(token, signedText({ ...target, method: 'GET' }), signature)
}
