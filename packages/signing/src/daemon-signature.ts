// How coordinators and replicators sign what they ask of a store with the cluster secret, and how the store checks it. One
// header: `X-Backpack-Signature: <unix ms>:<checksum>:<128 hex digits>`. Everything that decides what the request does is
// signed, so that it cannot be replayed for another blob, version or body. Pure but for the clock that is given.
import { isSignatureOf, signText } from './hmac.js'
import type { Secret } from './secret.js'

export const daemonSignatureHeader = 'x-backpack-signature'

/** A request signed so long ago, or so far in the future, is refused. */
export const signatureWindowMs = 5 * 60_000

const headerPattern = /^(\d{10,15}):([0-9a-f]{8}|-):([0-9a-f]{128})$/

export interface DaemonRequest {
  readonly method: string
  /** The request target as it is sent, not decoded. */
  readonly target: string
  /** Of the body; 0 without one. */
  readonly sizeBytes: number
  /** Eight hex digits: the CRC-32 of the body; undefined without one. */
  readonly checksum: string | undefined
  /** X-Backpack-Version; undefined when it is not sent. */
  readonly version: string | undefined
  /** Content-Type; undefined when it is not sent. */
  readonly contentType: string | undefined
}

/** The value of the header, as of `nowMs` (ms since 1970). */
export function signDaemonRequest(secret: Secret, request: DaemonRequest, nowMs = Date.now()): string {
  const { checksum = '-' } = request
  return `${nowMs}:${checksum}:${signText(secret, textOf(request, nowMs))}`
}

/** `checksum` is what the signer says of the body: whoever receives the body has to compare it. */
export type SignatureCheck =
  | { readonly valid: true; readonly checksum: string | undefined }
  | { readonly valid: false; readonly reason: 'missing' | 'malformed' | 'wrong' | 'too old or too new' }

/** Checks the header of a request whose other parts are as received. The body is not looked at. */
export function checkDaemonSignature(
  secret: Secret,
  request: Omit<DaemonRequest, 'checksum'>,
  { header, nowMs = Date.now() }: { readonly header: string | undefined; readonly nowMs?: number },
): SignatureCheck {
  if (header === undefined) return { valid: false, reason: 'missing' }
  const [, time = '', sum = '', signature = ''] = headerPattern.exec(header) ?? []
  if (signature === '') return { valid: false, reason: 'malformed' }
  const checksum = sum === '-' ? undefined : sum
  const signedAtMs = Number(time)
  if (!isSignatureOf(secret, textOf({ ...request, checksum }, signedAtMs), signature)) {
    return { valid: false, reason: 'wrong' }
  }
  if (Math.abs(nowMs - signedAtMs) > signatureWindowMs) return { valid: false, reason: 'too old or too new' }
  return { valid: true, checksum }
}

function textOf(request: DaemonRequest, atMs: number): string {
  const { method, target, sizeBytes, checksum = '-', version, contentType } = request
  const parts = [method, target, sizeBytes, checksum, headerPart(version), headerPart(contentType)]
  return ['backpack-daemon-1', atMs, ...parts].join('\n')
}

/** No value that a header can have stands for none. */
function headerPart(value: string | undefined): string {
  return value === undefined ? '-' : `=${value}`
}
