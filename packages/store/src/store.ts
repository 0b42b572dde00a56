// The store: open, put, get, delete, scan, close, in reading order.
import type { Readable } from 'node:stream'
import { BlobHandle } from './blob-handle.js'
import { type BlobInfo, infoOfNeedle } from './blob-info.js'
import { BlobWriter, type DeleteResult, type PutResult } from './blob-writer.js'
import type { DigestBucket } from './digest/digest-sums.js'
import {
  type DigestEntry,
  type DigestListOptions,
  type DigestOptions,
  StoreDigests,
} from './digest/store-digests.js'
import { SpaceGuard } from './disk/space-guard.js'
import { StoreError } from './errors.js'
import { MemoryBudget } from './incoming/memory-budget.js'
import { type BodySource, receiveBody } from './incoming/receive-body.js'
import { TableKeyMap } from './key-map/table-key-map.js'
import { encodeName, encodeNewName } from './needle/blob-name.js'
import { openParts, type StoreParts } from './open-parts.js'
import type { StoreOptions } from './options.js'
import {
  checkChecksum,
  checkVersionAhead,
  type DeleteOptions,
  encodeContentType,
  type PutOptions,
} from './put-rules.js'
import { incomingDirectory } from './recovery/open-directory.js'
import type { RecoveryReport } from './recovery/recover-volume.js'
import { type ScanEntry, type ScanOptions, scanStore } from './scan.js'
import { collectStats, OperationStats, type StoreStats } from './stats.js'
import { StoreState } from './store-state.js'
import { BlobFinder } from './volume/blob-finder.js'
import { HotReader } from './volume/hot-reader.js'
import type { ByteRange } from './volume/needle-reader.js'
import { VolumeWriter } from './volume/volume-writer.js'

export class Store implements AsyncDisposable {
  /** What recovery did to each volume at open. */
  readonly recovery: readonly RecoveryReport[]
  /** Serves blobs that are known to be in the page cache without waiting; undefined without an embedded key map. */
  readonly hotReader: HotReader | undefined
  readonly gets = new OperationStats()
  readonly puts = new OperationStats()
  deletes = 0
  readonly #parts: StoreParts
  readonly #finder: BlobFinder
  readonly #small: VolumeWriter
  readonly #large: VolumeWriter
  readonly #budget: MemoryBudget
  readonly #space: SpaceGuard
  readonly #blobs: BlobWriter
  readonly #digests: StoreDigests
  readonly #state: StoreState
  #closing: Promise<void> | undefined
  #uploads = 0

  private constructor(parts: StoreParts) {
    const { options, volumes, keyMap } = parts
    const { files, path, durability, batchBlobsMax, flushIntervalMs, log } = options
    this.#parts = parts
    this.#state = new StoreState(options)
    this.recovery = parts.reports
    this.#finder = new BlobFinder(keyMap, volumes)
    this.#digests = new StoreDigests({ volumes, keyMap, damaged: this.#finder.damaged })
    this.hotReader = keyMap instanceof TableKeyMap ? new HotReader(keyMap, volumes) : undefined
    const onFatal = (error: Error) => {
      this.#state.set('failed')
      options.onFatal?.(error)
    }
    parts.lock?.onLost(() => onFatal(new StoreError('STORE_FAILED', `The lock of ${path} is gone`)))
    const writer = { volumes, keyMap, durability, batchBlobsMax, flushIntervalMs, log, onFatal }
    this.#small = new VolumeWriter(writer)
    this.#large = new VolumeWriter(writer)
    this.#budget = new MemoryBudget({ bytesMax: options.memoryBytesMax, waitMsMax: options.waitMsMax })
    this.#space = new SpaceGuard(files, path, {
      reserveBytes: options.reserveBytes,
      volumeBytesMax: options.volumeBytesMax,
    })
    this.#blobs = new BlobWriter({
      finder: this.#finder,
      small: this.#small,
      large: this.#large,
      space: this.#space,
      storeId: parts.storeId,
    })
  }

  /**
   * Opens a data directory, recovering what a crash left behind, and gives a store that is ready: every adopted blob
   * is synced. Throws INVALID_OPTIONS, DIRECTORY_LOCKED (details.pid), FORMAT_UNKNOWN, VOLUME_UNREADABLE,
   * KEY_MAP_AWAY, KEY_MAP_REFUSED.
   */
  static async open(options: StoreOptions): Promise<Store> {
    return new Store(await openParts(options))
  }

  /**
   * Stores a blob under a name, over what was there. Durable on return as `durability` says; on any rejection but
   * KEY_MAP_AWAY nothing was stored. Throws NAME_INVALID, NAME_RESERVED, NAME_TOO_LONG, CONTENT_TYPE_INVALID,
   * VERSION_INVALID, VERSION_CONFLICT (details.version is the present one), PRECONDITION_FAILED, LENGTH_REQUIRED
   * (empty), LENGTH_MISMATCH, CHECKSUM_MISMATCH, BLOB_TOO_LARGE, STORE_BUSY, DISK_FULL, WRITE_FAILED, SYNC_FAILED, KEY_MAP_AWAY.
   */
  async put(name: string, source: BodySource, options: PutOptions = {}): Promise<PutResult> {
    const startedAtMs = performance.now()
    this.#state.requireWritable()
    const nameBytes = encodeNewName(name)
    const contentType = encodeContentType(options.contentType)
    checkVersionAhead(options.version)
    await this.#space.refresh()
    this.#space.check(options.sizeBytes ?? 0)
    const { files, path, blobBytesMax } = this.#parts.options
    const body = await receiveBody(source, {
      files,
      directory: incomingDirectory(path),
      budget: this.#budget,
      blobBytesMax,
      id: ++this.#uploads,
      sizeBytes: options.sizeBytes,
      signal: options.signal,
    })
    try {
      checkChecksum(body.dataChecksum, options.checksum)
      this.#state.requireWritable()
      const result = await this.#blobs.put(name, { nameBytes, contentType, body, options })
      this.puts.add(body.dataLength, performance.now() - startedAtMs)
      return result
    } finally {
      await body.release()
    }
  }

  /**
   * A blob by name, whole or a range of it (first and last byte included), verified; undefined when it is missing or
   * deleted. Throws NAME_INVALID, NAME_TOO_LONG, RANGE_INVALID, BLOB_DAMAGED, READ_FAILED, STORE_BUSY, KEY_MAP_AWAY.
   */
  async get(
    name: string,
    { range }: { range?: ByteRange } = {},
  ): Promise<{ info: BlobInfo; data: Buffer } | undefined> {
    const startedAtMs = performance.now()
    const blob = await this.openBlob(name)
    if (blob === undefined || blob.deleted) return undefined
    const parts: Buffer[] = []
    for await (const part of blob.read(range)) parts.push(part)
    const data = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
    this.gets.add(data.length, performance.now() - startedAtMs)
    return { info: blob.info, data }
  }

  /** As get(), for blobs that should not be held in memory; the stream fails with BLOB_DAMAGED before a wrong byte. */
  async getStream(
    name: string,
    { range }: { range?: ByteRange } = {},
  ): Promise<{ info: BlobInfo; stream: Readable } | undefined> {
    const blob = await this.openBlob(name)
    if (blob === undefined || blob.deleted) return undefined
    this.gets.add(range === undefined ? blob.info.sizeBytes : range.end - range.start + 1, 0)
    return { info: blob.info, stream: blob.stream(range) }
  }

  /** What is known of a blob without reading its data; undefined when it is missing or deleted. Throws as get(). */
  async head(name: string): Promise<BlobInfo | undefined> {
    const blob = await this.openBlob(name, { withData: false })
    return blob === undefined || blob.deleted ? undefined : blob.info
  }

  /** The blob of a name to read from, deleted ones included (`deleted` is set); undefined when there never was one. */
  async openBlob(
    name: string,
    { withData = true }: { withData?: boolean } = {},
  ): Promise<BlobHandle | undefined> {
    this.#state.requireReadable()
    const nameBytes = encodeName(name)
    const found = await this.#finder.find(nameBytes, { withData })
    if (found === undefined) return undefined
    if (found.needle.dataVerified) this.hotReader?.noteRead(nameBytes, found.entry)
    const onDamage = () => this.#finder.noteDamage(found.entry)
    return new BlobHandle(infoOfNeedle(name, found.needle, found.entry), found, {
      budget: this.#budget,
      onDamage,
    })
  }

  /**
   * Deletes a blob: its name answers "deleted" from now on, durable as `durability` says. Throws NAME_INVALID,
   * VERSION_INVALID, VERSION_CONFLICT, PRECONDITION_FAILED, DISK_FULL, WRITE_FAILED, SYNC_FAILED, KEY_MAP_AWAY.
   */
  async delete(name: string, options: DeleteOptions = {}): Promise<DeleteResult> {
    this.#state.requireWritable()
    const nameBytes = encodeName(name)
    checkVersionAhead(options.version)
    const result = await this.#blobs.delete(name, nameBytes, options)
    if (result.outcome === 'deleted') this.deletes++
    return result
  }

  /**
   * Every blob once, in the order of the volumes, with large sequential reads; `after` continues behind an entry's
   * cursor. Blobs stored or deleted meanwhile may or may not be seen. Damaged needles are left out and logged.
   */
  scan(options: ScanOptions = {}): AsyncGenerator<ScanEntry, void, undefined> {
    this.#state.requireReadable()
    const { keyMap, volumes } = this.#parts
    return scanStore(
      { keyMap, volumes, log: this.#parts.options.log, openBlob: (name) => this.openBlob(name) },
      options,
    )
  }

  /**
   * Counts and sums of all blobs and tombstones per bucket, in order: stores that give the same hold the same. Scans the
   * index logs first, in slices. Throws STORE_BUSY behind another digest, KEY_MAP_AWAY, STORE_CLOSED.
   */
  digest(options: DigestOptions): AsyncGenerator<DigestBucket, void, undefined> {
    this.#state.requireReadable()
    return this.#digests.digest(options)
  }

  /** The blobs and tombstones behind a range of buckets, some at a time, in no order. Throws as digest(). */
  digestBucket(options: DigestListOptions): AsyncGenerator<DigestEntry[], void, undefined> {
    this.#state.requireReadable()
    return this.#digests.list(options)
  }

  /** Adds an empty volume that the next writer takes; returns its id. Throws DISK_FULL, WRITE_FAILED. */
  async addVolume(): Promise<number> {
    this.#state.requireWritable()
    return (await this.#parts.volumes.addSpare()).id
  }

  /** Whether a request would be served now; false while the key map is away. */
  ready(): boolean {
    return this.#state.isOpen && this.#parts.keyMap.ready()
  }

  async stats(): Promise<StoreStats> {
    await this.#space.refresh()
    const { options, storeId, volumes, keyMap } = this.#parts
    return collectStats({
      store: this,
      options,
      storeId,
      volumes,
      keyMap: keyMap.stats(),
      availableBytes: this.#space.availableBytes,
      damagedReads: this.#finder.damagedReads,
      writers: [this.#small, this.#large],
      bodyMemoryBytes: this.#budget.usedBytes,
    })
  }

  /** Waits for operations under way, writes the index logs (a failure is logged), lets the directory go. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#state.set('closing')
    this.#digests.close()
    try {
      await this.#blobs.idle()
      const note = (err: unknown) => this.#parts.options.log.error({ err }, 'closed unfinished')
      await Promise.all([this.#small.close().catch(note), this.#large.close().catch(note)])
      await this.#parts.keyMap.close()
      await this.#parts.volumes.close()
    } finally {
      this.#parts.lock?.release()
      this.#state.set('closed')
    }
  }
}
