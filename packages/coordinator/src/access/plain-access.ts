// Access on the listener of 2013. Names hold their query there, so that a signature covers the whole decoded target, and
// no parameter of it: only the Authorization header says who asks, and `x-ell-expires` until when.
import type { Shard, ShardAccess } from '@backpack/cluster-model'
import type { IncomingMessage } from 'node:http'
import { decodeTarget } from '../blob-address.js'
import { checkAccess, type Credentials, mayAccess, type Right } from './check-access.js'
import { readCredentials } from './read-credentials.js'

/** Throws ACCESS_DENIED. Costs nothing where there is no ACL. */
export function checkPlainAccess(access: ShardAccess, request: IncomingMessage, right: Right): void {
  if (access !== 'open') checkAccess(access, { credentials: plainCredentials(request), right })
}

/** For choosing among the shards that the request may write. */
export function mayWritePlainly(request: IncomingMessage): (shard: Shard) => boolean {
  let credentials: Credentials | undefined
  return ({ access }) => {
    if (access === 'open') return true
    credentials ??= plainCredentials(request)
    return mayAccess(access, { credentials, right: 'write' })
  }
}

function plainCredentials(request: IncomingMessage): Credentials {
  return readCredentials(request, { path: `/${decodeTarget(request.url ?? '')}`, query: undefined })
}
