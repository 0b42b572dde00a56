// The signature that stores with a cluster secret ask for: the same for whoever asks them, by whichever client.
import { type Secret, signDaemonRequest, daemonSignatureHeader } from '@backpack/signing'

export interface RequestToSign {
  readonly method: string
  /** Sent as it is. */
  readonly path: string
  /** Content-Type and X-Backpack-Version are signed, spelled like this. */
  readonly headers: Readonly<Record<string, string>>
  /** Of the body; 0 without one. */
  readonly sizeBytes?: number
  /** CRC-32 of the body, eight hex digits. */
  readonly checksum?: string | undefined
}

/** The headers with their signature; as they are without a secret. To be sent within the five minutes that it is good for. */
export function signRequest(
  secret: Secret | undefined,
  { method, path, headers, sizeBytes = 0, checksum }: RequestToSign,
): Readonly<Record<string, string>> {
  if (secret === undefined) return headers
  const signature = signDaemonRequest(secret, {
    method,
    target: path,
    sizeBytes,
    checksum,
    version: headers['X-Backpack-Version'],
    // As it arrives: spaces and tabs around a value are not part of it (RFC 9110, 5.5); other white space is.
    contentType: headers['Content-Type']?.replace(/^[ \t]+|[ \t]+$/g, ''),
  })
  return { ...headers, [daemonSignatureHeader]: signature }
}
