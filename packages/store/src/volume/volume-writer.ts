// Appends needles to one volume at a time. Blobs that arrive while a write is under way share the next one, and its
// sync (group commit). Order of a commit: data written, data synced, index noted, key map published, acknowledged.
import { isDiskFull, writeError } from '../disk/disk-errors.js'
import { StoreError } from '../errors.js'
import { pendingIndexBytesMax } from '../index/index-log.js'
import type { KeyMap, KeyMapEntry, Publication } from '../key-map/key-map.js'
import { needleLength } from '../needle/needle-format.js'
import type { StoreLog } from '../options.js'
import type { Volume } from './volume.js'
import type { VolumeSet } from './volume-set.js'
import { type NeedleDraft, NeedleWriter } from './write-needles.js'

const batchBytesMax = 8 * 1024 * 1024
/** With durability 'os': a sync is started when this much was written since the last one. */
const unsyncedBytesMax = 64 * 1024 * 1024
const indexFlushBytes = 1024 * 1024

/** A blob ready to be appended. */
export interface Draft extends NeedleDraft {
  /** What the key map said of this name; the name must be locked until append() settles. */
  readonly replaces: KeyMapEntry | undefined
}

interface Waiting {
  readonly draft: Draft
  readonly lengthBytes: number
  readonly resolve: (entry: KeyMapEntry) => void
  readonly reject: (error: unknown) => void
}

export interface WriterOptions {
  readonly volumes: VolumeSet
  readonly keyMap: KeyMap
  readonly durability: 'sync' | 'os'
  readonly batchBlobsMax: number
  readonly flushIntervalMs: number
  readonly log: StoreLog
  readonly onFatal: (error: Error) => void
}

export class VolumeWriter {
  readonly #options: WriterOptions
  readonly #needles = new NeedleWriter()
  #volume: Volume | undefined
  #queue: Waiting[] = []
  #running: Promise<void> | undefined
  #publishing: Promise<void> = Promise.resolve()
  #flushing: Promise<void> | undefined
  readonly #timer: NodeJS.Timeout
  /** Commits made; with the blobs they held this says how well blobs share syncs. */
  batches = 0
  blobs = 0

  constructor(options: WriterOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#flushSoon(), options.flushIntervalMs).unref()
  }

  /**
   * Resolves once the needle is where `durability` promises and the key map points at it. Rejects with DISK_FULL,
   * WRITE_FAILED, SYNC_FAILED (not stored) or KEY_MAP_AWAY (stored, and published when the key map is back).
   */
  append(draft: Draft): Promise<KeyMapEntry> {
    return new Promise((resolve, reject) => {
      const lengthBytes = needleLength({
        nameLength: draft.name.length,
        contentTypeLength: draft.contentType.length,
        dataLength: draft.dataLength,
      })
      this.#queue.push({ draft, lengthBytes, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  async #run(): Promise<void> {
    // One turn of the event loop, so that requests that arrived together share the first write as well.
    await new Promise(setImmediate)
    while (this.#queue.length > 0) {
      let batch: Waiting[] = []
      try {
        const volume = await this.#writable((this.#queue[0] as Waiting).lengthBytes)
        batch = this.#takeBatch(volume)
        await this.#commit(volume, batch)
      } catch (error) {
        if (batch.length === 0) batch = this.#queue.splice(0)
        for (const { reject } of batch) reject(error)
      }
    }
    this.#running = undefined
  }

  async #writable(lengthBytes: number): Promise<Volume> {
    const present = this.#volume
    if (present !== undefined && this.#options.volumes.hasRoom(present, lengthBytes)) return present
    try {
      if (present !== undefined) await this.#finish(present)
      this.#volume = undefined
      this.#volume = await this.#options.volumes.takeWritable(lengthBytes)
      return this.#volume
    } catch (cause) {
      throw writeError(cause, 'A new volume could not be made')
    }
  }

  /**
   * A full volume's data and log are made durable before the next one opens, so that reopening need not scan it. A
   * failure is no reason not to go on with the next one: the log can be made again, and a failed sync has sealed it.
   */
  async #finish(volume: Volume): Promise<void> {
    try {
      await this.#flushing
      await this.#syncAndFlush(volume)
      if (!volume.file.sealed) await volume.index.dataSync()
    } catch (error) {
      this.#options.log.error({ err: error, volumeId: volume.id }, 'full volume not finished')
    }
  }

  #takeBatch(volume: Volume): Waiting[] {
    const { volumes, batchBlobsMax } = this.#options
    let bytes = 0
    let count = 0
    for (const { draft, lengthBytes } of this.#queue) {
      const alone = !Array.isArray(draft.data)
      if (count > 0 && (alone || count >= batchBlobsMax || bytes + lengthBytes > batchBytesMax)) break
      if (count > 0 && !volumes.hasRoom(volume, bytes + lengthBytes)) break
      bytes += lengthBytes
      count++
      if (alone) break
    }
    return this.#queue.splice(0, count)
  }

  async #commit(volume: Volume, batch: readonly Waiting[]): Promise<void> {
    const { file, index } = volume
    const startBytes = file.committedBytes
    if (index.pendingBytes > pendingIndexBytesMax) {
      throw new StoreError('DISK_FULL', 'The index log cannot be written; free some space')
    }
    const endBytes = await this.#write(volume, batch, startBytes)
    if (this.#options.durability === 'sync') await this.#sync(volume, endBytes)
    // A sync in the background may have failed meanwhile: past the seal nothing is adopted, so nothing is acknowledged.
    if (file.sealed) throw new StoreError('SYNC_FAILED', `Volume ${volume.id} was sealed by a failed sync`)
    file.committedBytes = endBytes
    this.batches++
    this.blobs += batch.length
    const entries = noteInIndex(volume, batch, startBytes)
    if (index.pendingBytes > indexFlushBytes || endBytes - file.syncedBytes > unsyncedBytesMax)
      this.#flushSoon()
    const publications: Publication[] = batch.map(({ draft }, at) => ({
      name: draft.name as Buffer,
      entry: entries[at] as KeyMapEntry,
      version: draft.version,
      replaces: draft.replaces,
    }))
    const published = this.#options.keyMap.publish(publications, { volumeId: volume.id, endBytes })
    if (published === undefined) {
      for (const [at, { resolve }] of batch.entries()) resolve(entries[at] as KeyMapEntry)
      return
    }
    // The next batch is written while Redis answers, but positions reach it in order.
    const settled = published.then(
      () => batch.forEach(({ resolve }, at) => resolve(entries[at] as KeyMapEntry)),
      (error: unknown) => batch.forEach(({ reject }) => reject(error)),
    )
    await this.#publishing
    this.#publishing = settled
  }

  async #write(volume: Volume, batch: readonly Waiting[], startBytes: number): Promise<number> {
    try {
      await this.#needles.write(
        volume.file,
        batch.map(({ draft }) => draft),
        startBytes,
      )
      return batch.reduce((endBytes, { lengthBytes }) => endBytes + lengthBytes, startBytes)
    } catch (cause) {
      await this.#takeBack(volume, startBytes, cause)
      throw writeError(cause, `Volume ${volume.id} could not be written`)
    }
  }

  /**
   * Out of space, or a body that cannot be read back: the part written is cut off for good and the volume goes on.
   * Anything else ends the volume, after one attempt to keep what was acknowledged without a sync.
   */
  async #takeBack(volume: Volume, startBytes: number, cause: unknown): Promise<void> {
    if (isDiskFull(cause) || cause instanceof StoreError) {
      try {
        await volume.file.file.truncate(startBytes)
        await volume.file.file.dataSync()
        return
      } catch (error) {
        this.#options.log.error({ err: error, volumeId: volume.id }, 'truncate after a full disk failed')
      }
    }
    if (volume.file.syncedBytes < startBytes) await this.#sync(volume, startBytes).catch(() => undefined)
    if (!volume.file.sealed) await this.#seal(volume, cause)
  }

  async #sync(volume: Volume, endBytes: number): Promise<void> {
    try {
      await volume.file.file.dataSync()
    } catch (cause) {
      await this.#seal(volume, cause)
      throw new StoreError('SYNC_FAILED', `Volume ${volume.id} could not be synced and is sealed`, { cause })
    }
    volume.file.syncedBytes = Math.max(volume.file.syncedBytes, endBytes)
  }

  async #seal(volume: Volume, cause: unknown): Promise<void> {
    const { log, onFatal, volumes } = this.#options
    log.error({ err: cause, volumeId: volume.id, sealedAtBytes: volume.file.syncedBytes }, 'volume sealed')
    try {
      await volume.seal(volumes.files, cause)
    } catch (error) {
      onFatal(error as Error)
      throw error
    }
  }

  #flushSoon(): void {
    const volume = this.#volume
    if (volume === undefined || this.#flushing !== undefined) return
    this.#flushing = this.#syncAndFlush(volume)
      .catch((error: unknown) =>
        this.#options.log.warn({ err: error, volumeId: volume.id }, 'index log not written'),
      )
      .finally(() => {
        this.#flushing = undefined
      })
  }

  /** Syncs what 'os' durability left unsynced, then writes the index log up to there: it never runs ahead. */
  async #syncAndFlush(volume: Volume): Promise<void> {
    const { file, index } = volume
    if (file.sealed) return
    const endBytes = file.committedBytes
    if (file.syncedBytes < endBytes) await this.#sync(volume, endBytes)
    if (index.pendingBytes > 0) await index.flush(file.syncedBytes)
  }

  /** Waits for what was appended and writes the index log; on return everything acknowledged is durable. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
    await this.#publishing
    await this.#flushing
    if (this.#volume !== undefined) await this.#syncAndFlush(this.#volume)
  }
}

function noteInIndex(volume: Volume, batch: readonly Waiting[], startBytes: number): KeyMapEntry[] {
  let offsetBytes = startBytes
  return batch.map(({ draft, lengthBytes }) => {
    const { name, version, tombstone, dataLength, dataChecksum } = draft
    const contentTypeLength = draft.contentType.length
    const place = { offsetBytes, lengthBytes, tombstone }
    const about = { version, damage: false, dataLength, dataChecksum, contentTypeLength }
    volume.index.append({ ...place, ...about, name: name as Buffer })
    offsetBytes += lengthBytes
    return { volumeId: volume.id, ...place }
  })
}
