// Brings a Redis that was away, restarted, emptied or restored to where the volumes are.
import { compareRank } from '../needle/blob-version.js'
import type { IndexRecord } from '../index/index-format.js'
import type { StoreLog } from '../options.js'
import type { KeyMapEntry, LocationSource } from './key-map.js'
import { type RedisCodec, standsWhere } from './redis-codec.js'
import { checkCodec, checkEviction } from './redis-checks.js'
import type { RedisConnection } from './redis-connection.js'
import { type Binding, type FoundKey, keysPerCommandMax, type RedisLedger } from './redis-ledger.js'
import { lastNeedleOf, type Marker, planReplay, type VolumeMarker } from './redis-marker.js'

export interface ReplayParts {
  readonly connection: RedisConnection
  readonly ledger: RedisLedger
  readonly codec: RedisCodec
  readonly source: LocationSource
  readonly log: StoreLog
}

/**
 * Makes Redis equal to the source and calls `onEqual`, without anything in between. Nothing may be published
 * meanwhile; needles that are committed meanwhile are included. Throws KEY_MAP_AWAY, KEY_MAP_REFUSED.
 */
export async function synchronise(parts: ReplayParts, onEqual: () => void): Promise<void> {
  const { connection, ledger, codec, source, log } = parts
  await checkEviction(connection)
  await connection.loadScripts()
  const marker = await ledger.claim()
  checkCodec(connection, codec, marker.codec)
  const plan = planReplay({ marker, ends: source.ends(), genuine: await genuineVolumes(source, marker) })
  if (plan.kind === 'everything') {
    await ledger.resetMarker({ filling: false })
    const removed = await forgetDangling(parts)
    await ledger.resetMarker({ filling: true })
    log.info({ removed }, 'Redis is filled from the volumes')
  }
  const progress = new Map<number, VolumeMarker>(plan.kind === 'gaps' ? marker.volumes : [])
  const positions = plan.kind === 'gaps' ? plan.from : new Map<number, number>()
  let replayed = 0
  while (true) {
    const behind = [...source.ends()].filter(([id, endBytes]) => (positions.get(id) ?? 0) < endBytes)
    if (behind.length === 0) break
    for (const [volumeId, toBytes] of behind) {
      const range = { volumeId, fromBytes: positions.get(volumeId) ?? 0, toBytes }
      replayed += await replayRange(parts, range, progress)
      positions.set(volumeId, toBytes)
    }
  }
  onEqual()
  if (replayed > 0) log.info({ replayed }, 'Redis caught up')
}

/** The volumes of which the last needle applied is still where it was. */
async function genuineVolumes(source: LocationSource, marker: Marker): Promise<Set<number>> {
  const genuine = new Set<number>()
  for (const [volumeId, volume] of marker.volumes) {
    const last = lastNeedleOf(volumeId, volume)
    if (last !== undefined) {
      const needle = (await source.needleAt(last)) ?? (await source.recordAt(last))
      if (needle?.version !== volume.lastVersion) continue
    }
    genuine.add(volumeId)
  }
  return genuine
}

/** Deletes the keys whose location holds no needle of theirs; gives how many. */
async function forgetDangling({ ledger, codec, source }: ReplayParts): Promise<number> {
  let removed = 0
  for await (const page of ledger.locations()) {
    const dangling: FoundKey[] = []
    await Promise.all(
      page.map(async (found) => {
        const needle = await source.needleAt(found.entry)
        if (needle === undefined || !codec.keyOf(needle.name).equals(found.key)) dangling.push(found)
      }),
    )
    await ledger.forget(dangling)
    removed += dangling.length
  }
  return removed
}

/** Publishes what the range holds, marker included; gives the number of records. */
async function replayRange(
  { ledger, source }: ReplayParts,
  range: { volumeId: number; fromBytes: number; toBytes: number },
  progress: Map<number, VolumeMarker>,
): Promise<number> {
  const { volumeId, toBytes } = range
  let marker = progress.get(volumeId) ?? { endBytes: 0, lastOffsetBytes: 0, lastVersion: 0n }
  let replayed = 0
  for await (const records of source.pages(range, keysPerCommandMax)) {
    for (const { offsetBytes, lengthBytes, version } of records) {
      if (offsetBytes < marker.lastOffsetBytes) continue
      marker = {
        endBytes: offsetBytes + lengthBytes,
        lastOffsetBytes: offsetBytes,
        lastVersion: version,
      }
    }
    await ledger.publish(await newestOf(ledger, source, volumeId, records), volumeId, marker)
    replayed += records.length
  }
  if (marker.endBytes !== toBytes) {
    marker = { ...marker, endBytes: toBytes }
    await ledger.publish([], volumeId, marker)
  }
  progress.set(volumeId, marker)
  return replayed
}

/** The records that are newer than what Redis has of their names. */
async function newestOf(
  ledger: RedisLedger,
  source: LocationSource,
  volumeId: number,
  records: readonly IndexRecord[],
): Promise<Binding[]> {
  const newest = new Map<string, IndexRecord>()
  for (const record of records) {
    const key = record.name.toString('latin1')
    const other = newest.get(key)
    if (other === undefined || compareRank(record, other) >= 0) newest.set(key, record)
  }
  const candidates = [...newest.values()]
  const present = await ledger.findMany(candidates.map(({ name }) => name))
  const wins = await Promise.all(
    candidates.map((record, at) => isNewer(source, { ...record, volumeId }, present[at])),
  )
  return candidates
    .filter((_, at) => wins[at])
    .map(({ name, offsetBytes, lengthBytes, tombstone }) => ({
      name,
      entry: { volumeId, offsetBytes, lengthBytes, tombstone },
    }))
}

/** Between two copies of one version the later place wins, as it did when it was published. */
async function isNewer(
  source: LocationSource,
  record: IndexRecord & KeyMapEntry,
  present: KeyMapEntry | undefined,
): Promise<boolean> {
  if (present === undefined) return true
  if (standsWhere(present, record)) return false
  const needle = (await source.needleAt(present)) ?? (await source.recordAt(present))
  if (needle === undefined || !needle.name.equals(record.name)) return true
  const order = compareRank(record, needle)
  if (order !== 0) return order > 0
  return record.volumeId !== present.volumeId
    ? record.volumeId > present.volumeId
    : record.offsetBytes > present.offsetBytes
}
