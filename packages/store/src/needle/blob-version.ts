// A blob's version: milliseconds since 1970 in the upper 48 bits, the id of the store that first took it in the
// lower 16. The first store assigns it; copies carry it, so every replica agrees which of two needles is newer.

export const versionAheadMsMax = 60_000

/** max(now, the name's present version + 1 ms), stamped with the store's id (0..65535). */
export function nextVersion({
  nowMs,
  present,
  storeId,
}: {
  nowMs: number
  present: bigint | undefined
  storeId: number
}): bigint {
  const presentMs = present === undefined ? -1 : versionMs(present)
  return (BigInt(Math.max(nowMs, presentMs + 1)) << 16n) | BigInt(storeId)
}

/** The time part of a version, in milliseconds since 1970. */
export function versionMs(version: bigint): number {
  return Number(version >> 16n)
}

/** Sixteen hex digits: sorts like the number. */
export function formatVersion(version: bigint): string {
  return version.toString(16).padStart(16, '0')
}

/** The reverse of formatVersion; undefined when the text is no version. */
export function parseVersion(text: string): bigint | undefined {
  return /^[0-9a-f]{16}$/.test(text) ? BigInt(`0x${text}`) : undefined
}

/** What decides between two needles of one name. */
export interface NeedleRank {
  readonly version: bigint
  readonly tombstone: boolean
  readonly dataChecksum: number
}

/** Greater than 0 when `a` wins: by version, then tombstone, then checksum; the same on every replica. */
export function compareRank(a: NeedleRank, b: NeedleRank): number {
  if (a.version !== b.version) return a.version > b.version ? 1 : -1
  if (a.tombstone !== b.tombstone) return a.tombstone ? 1 : -1
  return a.dataChecksum - b.dataChecksum
}
