// What the checker says of a data directory. Plain values: printed as they are by `--json`.

/** Bytes of a volume that are no valid needle though they should be. */
export interface DamagedRegion {
  readonly offsetBytes: number
  readonly lengthBytes: number
  /** Recovery has seen this region before: it is recorded in the index log and never served. */
  readonly quarantined: boolean
  /** Needles that the index log knows in there. */
  readonly needles: number
  /** Names of the first few of them. */
  readonly names: readonly string[]
}

/** A needle on which the index log and the volume do not agree. */
export interface IndexDifference {
  /** 'missing': not in the log; 'extra': not in the volume; 'differs': in both, but not the same. */
  readonly kind: 'missing' | 'extra' | 'differs'
  readonly offsetBytes: number
  readonly name: string
}

export interface IndexReport {
  /** 'foreign': the log of another volume; 'damaged': valid records stand behind bytes that are none. */
  readonly state: 'sound' | 'missing' | 'foreign' | 'damaged'
  readonly records: number
  readonly missing: number
  readonly extra: number
  readonly differing: number
  /** The first few of them. */
  readonly differences: readonly IndexDifference[]
  /** Needles behind the log's end; a log is written in bulk, so the next start reads them from the volume. */
  readonly unindexed: number
  /** Bytes at the log's end that are no whole block; cut off at the next start. */
  readonly tornBytes: number
}

export interface VolumeReport {
  readonly volumeId: number
  readonly sizeBytes: number
  /** Live and overwritten blobs; tombstones are counted apart. */
  readonly needles: number
  readonly tombstones: number
  /** Bytes of the blobs themselves. */
  readonly dataBytes: number
  readonly damage: readonly DamagedRegion[]
  /** Bytes at the end that no valid needle follows: left by a crash, never acknowledged, cut off at the next start. */
  readonly tornBytes: number
  /** Bytes at the end that a running process is writing. */
  readonly beingWrittenBytes: number
  /** Where a failed write or sync ended this volume. */
  readonly sealedAtBytes: number | undefined
  readonly index: IndexReport
  /** Everything wrong with this volume, in words; empty when it is sound. */
  readonly problems: readonly string[]
}

export interface CheckReport {
  readonly directory: string
  readonly storeId: number
  /** The process that was writing to the directory meanwhile. */
  readonly ownerPid: number | undefined
  readonly volumes: readonly VolumeReport[]
  /** Everything wrong outside of the volumes that could be read. */
  readonly problems: readonly string[]
  /** Whether there is no problem at all. What a crash leaves behind, and the next start mends, is none. */
  readonly clean: boolean
}

/** Everything wrong with a volume, in words. Pure. */
export function describeProblems(
  report: Omit<VolumeReport, 'problems'>,
  { superblockSound, endBytes }: { superblockSound: boolean; endBytes: number },
): string[] {
  const { damage, index, sizeBytes } = report
  const problems: string[] = []
  if (!superblockSound) problems.push('the superblock is damaged; the index log stands in for it')
  for (const region of damage) problems.push(describeDamage(region))
  if (sizeBytes < endBytes) {
    problems.push(`the file ends at byte ${sizeBytes}, but once reached to byte ${endBytes}`)
  }
  if (index.state !== 'sound') problems.push(`the index log is ${index.state}; the next start rebuilds it`)
  const { missing, extra, differing } = index
  if (missing > 0) problems.push(`${missing} needles are missing from the index log`)
  if (extra > 0) problems.push(`${extra} records of the index log have no needle in the volume`)
  if (differing > 0) problems.push(`${differing} records of the index log differ from their needles`)
  return problems
}

function describeDamage({ offsetBytes, lengthBytes, quarantined, needles, names }: DamagedRegion): string {
  const known = quarantined ? ', known to the index log' : ''
  const more = needles > names.length ? ` and ${needles - names.length} more` : ''
  const lost = needles === 0 ? '' : `; it held ${names.map((name) => JSON.stringify(name)).join(', ')}${more}`
  return `${lengthBytes} bytes at ${offsetBytes} are damaged${known}${lost}`
}
