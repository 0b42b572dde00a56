// Access on the listener of 2013. Names hold their query there, so that a signature covers the whole decoded target, and
// no parameter of it: only the Authorization header says who asks, and `x-ell-expires` until when.
import type { Shard, ShardAccess } from '@backpack/cluster-model'
import type { IncomingMessage } from 'node:http'
import { decodeTarget } from '../blob-address.js'
import { checkAccess, type Credentials, mayWriteWith, type Right } from './check-access.js'
import { readCredentials } from './read-credentials.js'

/** Throws ACCESS_DENIED. Costs nothing where there is no ACL. */
export function checkPlainAccess(access: ShardAccess, request: IncomingMessage, right: Right): void {
  if (access !== 'open') checkAccess(access, { credentials: plainCredentials(request), right })
}

/** As mayWriteWith(); who asks is only looked at once a shard has an ACL. */
export function mayWritePlainly(request: IncomingMessage): (shard: Shard) => boolean {
  let mayWrite: ((shard: Shard) => boolean) | undefined
  return (shard) => {
    if (shard.access === 'open') return true
    mayWrite ??= mayWriteWith(plainCredentials(request))
    return mayWrite(shard)
  }
}

function plainCredentials(request: IncomingMessage): Credentials {
  return readCredentials(request, {
    path: `/${decodeTarget(request.url ?? '')}`,
    query: undefined,
    opaque: true,
  })
}
