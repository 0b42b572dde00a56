// Counts of what a store did since it was opened; the daemon turns them into /stats and Prometheus metrics.

import type { KeyMapStats } from './key-map/key-map.js'
import type { ResolvedOptions } from './options.js'
import type { Volume } from './volume/volume.js'
import type { VolumeSet } from './volume/volume-set.js'

const averagedOver = 1000

/** Count, bytes and the mean duration of the last 1000, as the 2013 `/stats` reports them. */
export class OperationStats {
  count = 0
  bytes = 0
  readonly #lastMs = new Float64Array(averagedOver)
  #sumMs = 0

  /** Notes one finished operation. */
  add(bytes: number, tookMs: number): void {
    const slot = this.count % averagedOver
    this.#sumMs += tookMs - (this.#lastMs[slot] as number)
    this.#lastMs[slot] = tookMs
    this.count++
    this.bytes += bytes
  }

  /** Milliseconds, 0 when nothing was counted yet. */
  get averageMs(): number {
    return this.count === 0 ? 0 : Math.max(0, this.#sumMs) / Math.min(this.count, averagedOver)
  }
}

export interface VolumeStats {
  readonly id: number
  readonly sizeBytes: number
  readonly indexBytes: number
  readonly sealed: boolean
  /** Whether new blobs may still go there. */
  readonly writable: boolean
  readonly damagedRegions: number
  readonly damagedBytes: number
}

export interface StoreStats {
  readonly storeId: number
  readonly durability: 'sync' | 'os'
  readonly keyMap: KeyMapStats
  readonly volumes: readonly VolumeStats[]
  readonly usedBytes: number
  /** Bytes that may be written before the disk's reserve is reached. */
  readonly availableBytes: number
  readonly gets: { readonly count: number; readonly bytes: number; readonly averageMs: number }
  readonly puts: { readonly count: number; readonly bytes: number; readonly averageMs: number }
  readonly deletes: number
  /** Reads refused because a checksum did not match. */
  readonly damagedReads: number
  /** Commits and the blobs they held: blobs / batches is how many share one sync. */
  readonly batches: number
  readonly batchedBlobs: number
  readonly bodyMemoryBytes: number
}

export function collectStats(parts: {
  store: { gets: OperationStats; puts: OperationStats; deletes: number }
  options: ResolvedOptions
  storeId: number
  volumes: VolumeSet
  keyMap: KeyMapStats
  availableBytes: number
  damagedReads: number
  writers: readonly { batches: number; blobs: number }[]
  bodyMemoryBytes: number
}): StoreStats {
  const { store, options, storeId, volumes, keyMap, availableBytes, damagedReads, writers, bodyMemoryBytes } =
    parts
  const described = volumes.all().map((volume) => describeVolume(volume, volumes))
  return {
    storeId,
    durability: options.durability,
    keyMap,
    volumes: described,
    usedBytes: described.reduce((sum, { sizeBytes, indexBytes }) => sum + sizeBytes + indexBytes, 0),
    availableBytes: Math.max(0, Math.floor(availableBytes)),
    gets: summarise(store.gets),
    puts: summarise(store.puts),
    deletes: store.deletes,
    damagedReads,
    batches: writers.reduce((sum, { batches }) => sum + batches, 0),
    batchedBlobs: writers.reduce((sum, { blobs }) => sum + blobs, 0),
    bodyMemoryBytes,
  }
}

function summarise({ count, bytes, averageMs }: OperationStats) {
  return { count, bytes, averageMs }
}

function describeVolume(volume: Volume, volumes: VolumeSet): VolumeStats {
  const { id, file, index, damagedRegions, damagedBytes } = volume
  return {
    id,
    sizeBytes: file.committedBytes,
    indexBytes: index.sizeBytes,
    sealed: file.sealed,
    writable: volumes.hasRoom(volume, 1),
    damagedRegions,
    damagedBytes,
  }
}
