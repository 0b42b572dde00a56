// Links that work without an Authorization header: user, expiry and signature stand in the query, so that a browser can
// follow them. Pure.
import { ClusterError, pathOfName } from '@backpack/cluster-model'
import { Secret, signedText, signText } from '@backpack/signing'

export interface LinkRequest {
  /** `GET` (good for HEAD too), `PUT` or `POST`. */
  readonly method: string
  /** What the gateway is asked for, not encoded: `/get/1/holidays/a b.jpg`. */
  readonly path: string
  /** As the shard's ACL names him. */
  readonly user: string
  /** Seconds since 1970; from then on the link is refused. */
  readonly expiresAtSeconds: number
  /** The user's, of the shard's ACL. */
  readonly token: string | { reveal(): string }
}

/**
 * The request target, percent-encoded: `/get/1/hi.txt?expires=…&user=…&signature=…`. The token is not in it. Throws
 * NAME_INVALID for a path that would not arrive as it is.
 */
export function signLink({ method, path, user, expiresAtSeconds, token }: LinkRequest): string {
  checkPath(path)
  const parameters: [string, string][] = [
    ['expires', String(expiresAtSeconds)],
    ['user', user],
  ]
  const key = new Secret(typeof token === 'string' ? token : token.reveal())
  const signature = signText(key, signedText({ method, path, query: parameters }))
  const query = [...parameters, ['signature', signature] as const].map(([name, value]) => {
    return `${name}=${encodeURIComponent(value)}`
  })
  return `${pathOfName(path.slice(1))}?${query.join('&')}`
}

function checkPath(path: string): void {
  if (!path.startsWith('/') || !path.isWellFormed()) {
    throw new ClusterError(
      'NAME_INVALID',
      'The path of a link must begin with a slash and be well-formed Unicode',
    )
  }
  // Browsers, curl and proxies resolve these, encoded ones too.
  if (path.split('/').some((part) => part === '.' || part === '..')) {
    throw new ClusterError('NAME_INVALID', 'A link cannot lead to a name with . or .. between its slashes')
  }
}
