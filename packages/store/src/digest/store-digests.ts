// Digests of a store and the names behind them: what the nodes of a shard compare to find what one of them lacks.
import { StoreError } from '../errors.js'
import type { IndexCursor } from '../index/index-format.js'
import type { KeyMap } from '../key-map/key-map.js'
import type { DamagedNeedles } from '../volume/damaged-needles.js'
import type { Volume } from '../volume/volume.js'
import type { VolumeSet } from '../volume/volume-set.js'
import { type BucketNumber, hashOfName, hourOf, parseBucket, partOf, slotOf, toBucket } from './bucket.js'
import { type CurrentNeedles, currentNeedles } from './current-needles.js'
import { type DigestBucket, DigestSums } from './digest-sums.js'
import { ScanTurn } from './scan-turn.js'
import { VolumeHours } from './volume-hours.js'

export interface DigestOptions {
  /** Only versions of before this time, ms since 1970. */
  readonly beforeMs: number
  readonly signal?: AbortSignal | undefined
}

export interface DigestListOptions extends DigestOptions {
  /** `<hour since 1970>-<slot>` */
  readonly bucket: string
  /** The last bucket of a range; absent: only `bucket`. */
  readonly to?: string | undefined
  /** Only one of `parts` parts, numbered from 0, that the names are spread over by their hash. */
  readonly part?: number | undefined
  readonly parts?: number | undefined
}

/** A needle as replicas compare it. */
export interface DigestEntry {
  readonly name: string
  /** Sixteen hex digits. */
  readonly version: string
  /** CRC-32 of the data, eight hex digits, as in the ETag; of a tombstone 0. */
  readonly checksum: string
  readonly tombstone: boolean
}

export interface StoreDigestsParts {
  readonly volumes: VolumeSet
  readonly keyMap: KeyMap
  readonly damaged: DamagedNeedles
}

/** Behind a scan that takes longer than this others are refused: their answer should begin within the second. */
const waitMsMax = 500

export class StoreDigests {
  readonly #parts: StoreDigestsParts
  readonly #turn = new ScanTurn({ waitMsMax })
  readonly #hours = new VolumeHours()
  #closed = false

  constructor(parts: StoreDigestsParts) {
    this.#parts = parts
  }

  async *digest({ beforeMs, signal }: DigestOptions): AsyncGenerator<DigestBucket, void, undefined> {
    const sums = new DigestSums()
    await this.#turn.take()
    try {
      const wanted = (cursor: IndexCursor) => cursor.versionMs < beforeMs
      for (const volume of this.#parts.volumes.all()) {
        for await (const { cursor, places } of this.#scan(volume, wanted, signal)) {
          for (const place of places) {
            cursor.at = place
            sums.add(cursor, { hour: hourOf(cursor.versionMs), slot: slotOf(hashUnder(cursor)) })
          }
        }
      }
    } finally {
      this.#turn.release()
    }
    yield* sums.buckets()
  }

  async *list(options: DigestListOptions): AsyncGenerator<DigestEntry[], void, undefined> {
    const { beforeMs, signal, part = 0, parts = 1 } = options
    const from = bucketOf(options.bucket)
    const to = bucketOf(options.to ?? options.bucket)
    const wanted = (cursor: IndexCursor) => {
      if (cursor.versionMs >= beforeMs) return false
      const hour = hourOf(cursor.versionMs)
      if (toBucket(hour + 1, 0) <= from || toBucket(hour, 0) > to) return false
      const hash = hashUnder(cursor)
      const bucket = toBucket(hour, slotOf(hash))
      if (bucket < from || bucket > to) return false
      return partOf(hash, parts) === part
    }
    await this.#turn.take()
    try {
      for (const volume of this.#parts.volumes.all()) {
        if (!this.#hours.mayHold(volume, { from, to })) continue
        for await (const needles of this.#scan(volume, wanted, signal)) yield entriesOf(needles)
      }
    } finally {
      this.#turn.release()
    }
  }

  /** Scans under way end with STORE_CLOSED. */
  close(): void {
    this.#closed = true
  }

  async *#scan(
    volume: Volume,
    wanted: (cursor: IndexCursor) => boolean,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<CurrentNeedles, void, undefined> {
    const hours = this.#hours.watch(volume)
    const seen = (cursor: IndexCursor) => {
      hours.note(cursor.versionMs)
      return wanted(cursor)
    }
    const throwIfStopped = () => {
      if (this.#closed) throw new StoreError('STORE_CLOSED', 'The store is closed')
      signal?.throwIfAborted()
    }
    try {
      yield* currentNeedles({ ...this.#parts, throwIfStopped }, volume, seen)
    } catch (error) {
      // The log's file may have been closed under its reader.
      throwIfStopped()
      throw error
    }
    hours.done()
  }
}

/** Throws INVALID_OPTIONS. */
function bucketOf(text: string): BucketNumber {
  const bucket = parseBucket(text)
  if (bucket !== undefined) return bucket
  throw new StoreError(
    'INVALID_OPTIONS',
    `${JSON.stringify(text)} is no bucket: <hour since 1970>-<slot 0 to 15>`,
  )
}

function hashUnder(cursor: IndexCursor): number {
  return hashOfName(cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd))
}

function entriesOf({ cursor, places }: CurrentNeedles): DigestEntry[] {
  return places.map((place) => {
    cursor.at = place
    return {
      name: cursor.bytes.toString('utf8', cursor.nameStart, cursor.nameEnd),
      version: cursor.versionHex,
      checksum: cursor.dataChecksum.toString(16).padStart(8, '0'),
      tombstone: cursor.tombstone,
    }
  })
}
