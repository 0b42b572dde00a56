// Links that work without an Authorization header: user, expiry and signature stand in the query, so that a browser can
// follow them. Pure.
import { ClusterError, idTextSchema, pathOfName } from '@backpack/cluster-model'
import { Secret, signedText, signText } from '@backpack/signing'
import { checkName } from '../blob-address.js'

/** The gateway reads twelve digits. */
export const expiresAtSecondsMax = 999_999_999_999

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'POST'])
/** `/<handler>/<bucket>/<key>` */
const blobHandlers: ReadonlySet<string> = new Set(['get', 'lookup', 'redirect', 'upload', 'delete'])
const controlCharacter = /[\u0000-\u001f\u007f]/

export interface LinkRequest {
  /** `GET` (good for HEAD too), `PUT` or `POST`. */
  readonly method: string
  /** What the gateway is asked for, not encoded: `/get/1/holidays/a b.jpg`. */
  readonly path: string
  /** As the shard's ACL names him. */
  readonly user: string
  /** Whole seconds since 1970; from then on the link is refused. */
  readonly expiresAtSeconds: number
  /** The user's, of the shard's ACL. */
  readonly token: string | { reveal(): string }
}

/**
 * The request target, percent-encoded: `/get/1/hi.txt?expires=…&user=…&signature=…`. The token is not in it. Throws
 * NAME_INVALID, NAME_RESERVED or NAME_TOO_LONG for a path that would not arrive as it is or leads to what can be no blob, and
 * TypeError for another method or end.
 */
export function signLink({ method, path, user, expiresAtSeconds, token }: LinkRequest): string {
  if (!methods.has(method)) throw new TypeError('method: must be GET, HEAD, PUT or POST')
  if (!Number.isInteger(expiresAtSeconds) || expiresAtSeconds < 0 || expiresAtSeconds > expiresAtSecondsMax) {
    throw new TypeError(`expiresAtSeconds: must be a whole number, 0 to ${expiresAtSecondsMax}`)
  }
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
  if (controlCharacter.test(path)) {
    throw new ClusterError('NAME_INVALID', 'The path of a link must hold no control characters')
  }
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
  const [, handler = '', ...rest] = path.split('/')
  if (handler === 'nobucket_upload') checkName(rest.join('/'))
  if (!blobHandlers.has(handler)) return
  const [bucket, ...key] = rest
  if (!idTextSchema.safeParse(bucket).success) {
    throw new ClusterError('NAME_INVALID', `The path of a link must be /${handler}/<bucket>/<key>`)
  }
  checkName(key.join('/'))
}
