// What callers learn about a stored blob.
import type { KeyMapEntry } from './key-map/key-map.js'
import { formatVersion, versionMs } from './needle/blob-version.js'
import { headerVersion } from './needle/needle-format.js'
import { contentTypeOf, type NeedleRead } from './volume/needle-reader.js'

/** Where a needle stands on disk: its first byte and its length, header and padding included. */
export interface Location {
  readonly volumeId: number
  readonly offsetBytes: number
  readonly lengthBytes: number
}

export interface BlobInfo {
  readonly name: string
  readonly sizeBytes: number
  /** Milliseconds since 1970 times 65,536, plus the id of the store that took the blob first. */
  readonly version: bigint
  /** CRC-32 of the data. */
  readonly checksum: number
  /** Version and checksum in hex, with quotes: the same on every replica. */
  readonly etag: string
  /** As given at put; undefined when none was. */
  readonly contentType: string | undefined
  /** When the blob was first taken, milliseconds since 1970. */
  readonly modifiedAtMs: number
  readonly location: Location
}

export function formatEtag(version: bigint, checksum: number): string {
  return `"${formatVersion(version)}-${checksum.toString(16).padStart(8, '0')}"`
}

export function toBlobInfo(fields: {
  name: string
  version: bigint
  dataLength: number
  dataChecksum: number
  contentType: string
  location: Location
}): BlobInfo {
  const { name, version, dataLength, dataChecksum, contentType, location } = fields
  return {
    name,
    sizeBytes: dataLength,
    version,
    checksum: dataChecksum,
    etag: formatEtag(version, dataChecksum),
    contentType: contentType === '' ? undefined : contentType,
    modifiedAtMs: versionMs(version),
    location: {
      volumeId: location.volumeId,
      offsetBytes: location.offsetBytes,
      lengthBytes: location.lengthBytes,
    },
  }
}

export function infoOfNeedle(name: string, needle: NeedleRead, location: KeyMapEntry): BlobInfo {
  const { dataLength, dataChecksum } = needle.header
  return toBlobInfo({
    name,
    version: headerVersion(needle.header),
    dataLength,
    dataChecksum,
    contentType: contentTypeOf(needle),
    location,
  })
}
