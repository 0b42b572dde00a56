// A blob's facts as commands print them: one shape for every --json.
import type { BlobInfo } from '../blob-info.js'
import { formatVersion } from '../needle/blob-version.js'

export interface BlobDescription {
  readonly name: string
  readonly sizeBytes: number
  /** Sixteen hex digits. */
  readonly version: string
  /** CRC-32 of the data, eight hex digits. */
  readonly checksum: string
  readonly etag: string
  /** Null when none was given, and where it was not read. */
  readonly contentType: string | null
  readonly modifiedAt: string
  readonly volumeId: number
  readonly offsetBytes: number
  readonly lengthBytes: number
}

export function describeBlob(info: BlobInfo): BlobDescription {
  const { name, sizeBytes, version, checksum, etag, contentType, modifiedAtMs, location } = info
  return {
    name,
    sizeBytes,
    version: formatVersion(version),
    checksum: formatChecksum(checksum),
    etag,
    contentType: contentType ?? null,
    modifiedAt: new Date(modifiedAtMs).toISOString(),
    ...location,
  }
}

export function formatChecksum(checksum: number): string {
  return checksum.toString(16).padStart(8, '0')
}
