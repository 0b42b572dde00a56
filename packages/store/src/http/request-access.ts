// Who may ask what of this daemon: with a cluster secret only its holders change anything, and reads may need a signature
// or a link. Without these options nothing is asked. Everything that is not named here as open is closed.
import {
  checkDaemonSignature,
  type DaemonRequest,
  parseSecret,
  type Secret,
  SecretError,
  daemonSignatureHeader,
} from '@backpack/signing'
import type { IncomingHttpHeaders } from 'node:http'
import { StoreError } from '../errors.js'
import { checkLink, checkRedirectHeaders, type LinkState, parseLink } from './redirect-link.js'

/** What watches over the daemon asks these; they show no blob. */
const openTargets: ReadonlySet<string> = new Set(['/stats', '/-/live', '/-/ready', '/-/stats', '/-/metrics'])

export interface AccessOptions {
  readonly clusterSecret?: string | undefined
  readonly redirectToken?: string | undefined
  readonly refuseUnsignedReads?: boolean | undefined
}

/** A request as it was received. */
export interface AccessRequest {
  readonly method: string
  /** Not decoded. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  /** Names and values in turn, as node:http gives them. */
  readonly rawHeaders: readonly string[]
}

/** What the routes have to know of a request that was let through. */
export interface Permit {
  /** The target without the query of a link. */
  readonly target: string
  /** The CRC-32 that the signer says the body has; undefined when nobody said it. */
  readonly checksum: number | undefined
}

/** A PUT in one piece, as the fast lane reads it. */
export interface PlainPut extends Omit<DaemonRequest, 'method' | 'checksum'> {
  readonly signature: string | undefined
}

export class RequestAccess {
  readonly #clusterSecret: Secret | undefined
  readonly #redirectToken: Secret | undefined
  readonly #refuseUnsignedReads: boolean

  /** Throws INVALID_OPTIONS, which does not show the secrets. */
  constructor({ clusterSecret, redirectToken, refuseUnsignedReads = false }: AccessOptions) {
    this.#clusterSecret = secretOf(clusterSecret, 'clusterSecret')
    this.#redirectToken = secretOf(redirectToken, 'redirectToken')
    this.#refuseUnsignedReads = refuseUnsignedReads
    if (refuseUnsignedReads && clusterSecret === undefined && redirectToken === undefined) {
      throw new StoreError(
        'INVALID_OPTIONS',
        'refuseUnsignedReads needs a clusterSecret or a redirectToken: else nobody could read',
      )
    }
  }

  /** Nothing is asked of any request. */
  get isOpen(): boolean {
    return this.#clusterSecret === undefined && this.#redirectToken === undefined
  }

  /**
   * Throws SIGNATURE_REQUIRED, SIGNATURE_INVALID, VERSION_REQUIRED, LINK_INVALID, LINK_EXPIRED; for a link also what
   * decodeTarget() throws.
   */
  permit(request: AccessRequest): Permit {
    const { method, target } = request
    if (method === 'GET' || method === 'HEAD') {
      return { target: this.#permitRead(request), checksum: undefined }
    }
    if (this.#clusterSecret === undefined) return { target, checksum: undefined }
    const checksum = this.#checkSignature(this.#clusterSecret, request)
    if (method === 'PUT' && checksum === undefined) {
      throw new StoreError('SIGNATURE_INVALID', 'The signature of a PUT must hold the checksum of its body')
    }
    // Sent again without one it would undo whatever came in between.
    if ((method === 'PUT' || method === 'DELETE') && request.headers['x-backpack-version'] === undefined) {
      throw new StoreError('VERSION_REQUIRED', 'A signed PUT or DELETE must say its X-Backpack-Version')
    }
    return { target, checksum: checksum === undefined ? undefined : Number.parseInt(checksum, 16) }
  }

  /** Whether the fast lane may answer a GET or HEAD of this target. A link is not for it. */
  mayReadPlain(target: string): boolean {
    return !this.#refuseUnsignedReads && (this.#redirectToken === undefined || !target.includes('?'))
  }

  /** For the fast lane: undefined when the request is refused, or has to be judged as a whole. */
  permitPlainPut({ signature, ...request }: PlainPut): Permit | undefined {
    const { target } = request
    if (this.#clusterSecret === undefined) return { target, checksum: undefined }
    const checked = checkDaemonSignature(
      this.#clusterSecret,
      { method: 'PUT', ...request },
      { header: signature },
    )
    if (!checked.valid || checked.checksum === undefined || request.version === undefined) return undefined
    return { target, checksum: Number.parseInt(checked.checksum, 16) }
  }

  /** Gives the target to read. */
  #permitRead(request: AccessRequest): string {
    const { target } = request
    const [path = ''] = target.split('?', 1)
    if (openTargets.has(path)) return target
    const reserved = target.startsWith('/-/')
    if (this.#redirectToken !== undefined && !reserved) {
      const link = parseLink(target)
      if (link !== undefined) {
        requireGood(checkLink(this.#redirectToken, link, Date.now()))
        return link.target
      }
      const headers = pairsOf(request.rawHeaders)
      const state = checkRedirectHeaders(this.#redirectToken, { target, headers }, Date.now())
      if (state !== undefined) {
        requireGood(state)
        return target
      }
    }
    if (!this.#refuseUnsignedReads) return target
    if (this.#clusterSecret === undefined) throw unsigned('Only signed links are served here')
    this.#checkSignature(this.#clusterSecret, request)
    return target
  }

  /** Gives the checksum that the signer says the body has. */
  #checkSignature(
    secret: Secret,
    { method, target, headers }: Omit<AccessRequest, 'rawHeaders'>,
  ): string | undefined {
    if (headers['transfer-encoding'] !== undefined) {
      throw new StoreError('SIGNATURE_INVALID', 'A signed request has a Content-Length, or no body')
    }
    const signed = {
      method,
      target,
      sizeBytes: Number(headers['content-length'] ?? 0),
      version: textOf(headers['x-backpack-version']),
      contentType: headers['content-type'],
    }
    const checked = checkDaemonSignature(secret, signed, { header: textOf(headers[daemonSignatureHeader]) })
    if (checked.valid) return checked.checksum
    switch (checked.reason) {
      case 'missing':
        throw unsigned('This takes a signature with the cluster secret')
      case 'malformed':
        throw new StoreError('SIGNATURE_INVALID', 'X-Backpack-Signature is not <ms>:<checksum>:<signature>')
      case 'wrong':
        throw new StoreError('SIGNATURE_INVALID', 'The signature is not that of this request')
      case 'too old or too new':
        throw new StoreError(
          'SIGNATURE_INVALID',
          'The request was signed more than 5 minutes ago, or ahead of this clock: set the clocks',
        )
    }
  }
}

function secretOf(text: string | undefined, option: string): Secret | undefined {
  if (text === undefined) return undefined
  try {
    return parseSecret(text, option)
  } catch (cause) {
    if (!(cause instanceof SecretError)) throw cause
    throw new StoreError('INVALID_OPTIONS', cause.message, { cause })
  }
}

function unsigned(message: string): StoreError {
  return new StoreError('SIGNATURE_REQUIRED', message)
}

function requireGood(state: LinkState): void {
  if (state === 'wrong') throw new StoreError('LINK_INVALID', 'The signature is not that of this link')
  if (state === 'expired') throw new StoreError('LINK_EXPIRED', 'The time of this link is over')
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}

function pairsOf(rawHeaders: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    pairs.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? ''])
  }
  return pairs
}
