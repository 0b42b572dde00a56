// Requests of commands that hold the cluster secret.
import { type Secret, signDaemonRequest, daemonSignatureHeader } from '@backpack/signing'
import { randomInt } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { crc32 } from 'node:zlib'
import { formatVersion, nextVersion } from '../needle/blob-version.js'

const storeIds = 65_536

export interface TransferToSign {
  readonly method: 'GET' | 'HEAD' | 'PUT'
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** Eight hex digits; of a PUT. */
  readonly checksum: string | undefined
}

/**
 * The headers with their signature. A PUT gets a version as well: whoever sends it again later cannot bring back what
 * was replaced or deleted since.
 */
export function signedHeaders(
  secret: Secret,
  { method, target, headers, checksum }: TransferToSign,
): Record<string, string> {
  const version = method === 'PUT' ? formatVersion(versionOfNow()) : undefined
  const signature = signDaemonRequest(secret, {
    method,
    target,
    checksum,
    version,
    sizeBytes: Number(headers['Content-Length'] ?? 0),
    // As it arrives: spaces and tabs around a value are not part of it (RFC 9110, 5.5).
    contentType: headers['Content-Type']?.replace(/^[ \t]+|[ \t]+$/g, ''),
  })
  return {
    ...headers,
    ...(version === undefined ? {} : { 'X-Backpack-Version': version }),
    [daemonSignatureHeader]: signature,
  }
}

/** CRC-32 of a file, eight hex digits. */
export function checksumOfFile(path: string): Promise<string> {
  return checksumOfBytes(createReadStream(path) as AsyncIterable<Buffer>)
}

/** CRC-32 of all the bytes, eight hex digits. */
export async function checksumOfBytes(bytes: AsyncIterable<Buffer> | Buffer): Promise<string> {
  let checksum = 0
  for await (const part of Buffer.isBuffer(bytes) ? [bytes] : bytes) checksum = crc32(part, checksum)
  return checksum.toString(16).padStart(8, '0')
}

function versionOfNow(): bigint {
  return nextVersion({ nowMs: Date.now(), present: undefined, storeId: randomInt(storeIds) })
}
