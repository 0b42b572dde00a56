// The store: open, put, get, delete, scan, close, in reading order.
import { mkdir } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { BlobHandle } from './blob-handle.js'
import { type BlobInfo, infoOfNeedle, toBlobInfo } from './blob-info.js'
import { DirectoryLock } from './disk/directory-lock.js'
import { SpaceGuard } from './disk/space-guard.js'
import { StoreError } from './errors.js'
import { MemoryBudget } from './incoming/memory-budget.js'
import { type BodySource, type ReceivedBody, receiveBody } from './incoming/receive-body.js'
import type { KeyMap } from './key-map/key-map.js'
import { createKeyMap } from './key-map/create-key-map.js'
import { LocationIndex } from './key-map/location-index.js'
import { TableKeyMap } from './key-map/table-key-map.js'
import { NameLocks } from './name-locks.js'
import { encodeName, encodeNewName } from './needle/blob-name.js'
import { nextVersion } from './needle/blob-version.js'
import { type ResolvedOptions, resolveOptions, type StoreOptions } from './options.js'
import {
  checkPreconditions,
  checkVersionAhead,
  type DeleteOptions,
  encodeContentType,
  type Preconditions,
  type PutOptions,
  refuseOlder,
} from './put-rules.js'
import {
  incomingDirectory,
  prepareFolders,
  readIdentity,
  recoverVolumes,
  volumesDirectory,
} from './recovery/open-directory.js'
import type { RecoveryReport } from './recovery/recover-volume.js'
import { type ScanEntry, type ScanOptions, scanStore } from './scan.js'
import { collectStats, OperationStats, type StoreStats } from './stats.js'
import { BlobFinder, type PresentNeedle } from './volume/blob-finder.js'
import { HotReader } from './volume/hot-reader.js'
import type { ByteRange } from './volume/needle-reader.js'
import { VolumeSet } from './volume/volume-set.js'
import { VolumeWriter } from './volume/volume-writer.js'

export interface PutResult extends BlobInfo {
  /** False when exactly this needle (version and checksum) was there already. */
  readonly created: boolean
}

export interface DeleteResult {
  /** 'missing': the name was never stored; 'gone': it was deleted before. */
  readonly outcome: 'deleted' | 'missing' | 'gone'
  /** The tombstone's version; undefined when the name is missing. */
  readonly version: bigint | undefined
}

interface StoreParts {
  readonly options: ResolvedOptions
  readonly storeId: number
  readonly lock: DirectoryLock | undefined
  readonly volumes: VolumeSet
  readonly keyMap: KeyMap
  readonly reports: readonly RecoveryReport[]
}

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
  readonly #locks = new NameLocks()
  #state: 'open' | 'failed' | 'closing' | 'closed' = 'open'
  #closing: Promise<void> | undefined
  #uploads = 0

  private constructor(parts: StoreParts) {
    const { options, volumes, keyMap } = parts
    const { files, path, durability, batchBlobsMax, flushIntervalMs, log } = options
    this.#parts = parts
    this.recovery = parts.reports
    this.#finder = new BlobFinder(keyMap, volumes)
    this.hotReader = keyMap instanceof TableKeyMap ? new HotReader(keyMap, volumes) : undefined
    const onFatal = (error: Error) => {
      this.#state = 'failed'
      options.onFatal?.(error)
    }
    const writer = { volumes, keyMap, durability, batchBlobsMax, flushIntervalMs, log, onFatal }
    this.#small = new VolumeWriter(writer)
    this.#large = new VolumeWriter(writer)
    this.#budget = new MemoryBudget({ bytesMax: options.memoryBytesMax, waitMsMax: options.waitMsMax })
    this.#space = new SpaceGuard(files, path, {
      reserveBytes: options.reserveBytes,
      volumeBytesMax: options.volumeBytesMax,
    })
  }

  /**
   * Opens a data directory, recovering what a crash left behind, and gives a store that is ready: every adopted blob
   * is synced. Throws INVALID_OPTIONS, DIRECTORY_LOCKED (details.pid), FORMAT_UNKNOWN, VOLUME_UNREADABLE,
   * KEY_MAP_AWAY, KEY_MAP_REFUSED.
   */
  static async open(given: StoreOptions): Promise<Store> {
    const options = resolveOptions(given)
    const { path, files, log } = options
    const writable = !options.readOnly
    if (writable) await mkdir(path, { recursive: true })
    const lock = writable ? DirectoryLock.take(path) : undefined
    try {
      const identity = await readIdentity(path, { files, writable, log })
      if (writable) await prepareFolders(path, files)
      const { storeId } = identity
      const directory = volumesDirectory(path)
      const volumes = new VolumeSet({ files, directory, storeId, volumeBytesMax: options.volumeBytesMax })
      const recovered = await recoverVolumes(path, { files, writable, log })
      volumes.adopt(recovered.volumes)
      try {
        const keyMap = await createKeyMap({ options, identity, source: new LocationIndex(volumes) })
        return new Store({ options, storeId, lock, volumes, keyMap, reports: recovered.reports })
      } catch (error) {
        await volumes.close()
        throw error
      }
    } catch (error) {
      lock?.release()
      throw error
    }
  }

  /**
   * Stores a blob under a name, over what was there. Durable on return as `durability` says; on any rejection but
   * KEY_MAP_AWAY nothing was stored. Throws NAME_INVALID, NAME_RESERVED, NAME_TOO_LONG, CONTENT_TYPE_INVALID,
   * VERSION_INVALID, VERSION_CONFLICT (details.version is the present one), PRECONDITION_FAILED, LENGTH_REQUIRED
   * (empty), LENGTH_MISMATCH, BLOB_TOO_LARGE, STORE_BUSY, DISK_FULL, WRITE_FAILED, SYNC_FAILED, KEY_MAP_AWAY.
   */
  async put(name: string, source: BodySource, options: PutOptions = {}): Promise<PutResult> {
    const startedAtMs = performance.now()
    this.#requireWritable()
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
      this.#requireWritable()
      const result = await this.#holding(name, () =>
        this.#putBody({ name, nameBytes, contentType, body, options }),
      )
      this.puts.add(body.dataLength, performance.now() - startedAtMs)
      return result
    } finally {
      await body.release()
    }
  }

  async #putBody(put: {
    name: string
    nameBytes: Buffer
    contentType: Buffer
    body: ReceivedBody
    options: PutOptions
  }): Promise<PutResult> {
    const { name, nameBytes, contentType, body, options } = put
    const present = await this.#finder.present(nameBytes)
    checkPreconditions(present, options)
    const version = options.version ?? this.#nextVersion(present)
    const { dataLength, dataChecksum, chunkChecksums, data } = body
    const order = BlobFinder.compare({ version, tombstone: false, dataChecksum }, present)
    const draft = {
      name: nameBytes,
      contentType,
      version,
      tombstone: false,
      dataLength,
      dataChecksum,
      chunkChecksums,
    }
    const info = { name, version, dataLength, dataChecksum, contentType: contentType.toString('latin1') }
    if (order === 'older') refuseOlder(present)
    if (order === 'same' && present !== undefined && present.sound && (await this.#verifies(nameBytes))) {
      return { ...toBlobInfo({ ...info, location: present.entry }), created: false }
    }
    this.#space.claim(dataLength)
    const writer = Array.isArray(data) ? this.#small : this.#large
    const location = await writer.append({ ...draft, data, replaces: present?.entry })
    return { ...toBlobInfo({ ...info, location }), created: true }
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
    this.#requireReadable()
    const nameBytes = encodeName(name)
    const found = await this.#finder.find(nameBytes, { withData })
    if (found === undefined) return undefined
    if (found.needle.dataVerified) this.hotReader?.noteRead(nameBytes, found.entry)
    const onDamage = () => {
      this.#finder.damagedReads++
    }
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
    this.#requireWritable()
    const nameBytes = encodeName(name)
    checkVersionAhead(options.version)
    return this.#holding(name, () => this.#deletePresent(nameBytes, options))
  }

  async #deletePresent(name: Buffer, options: DeleteOptions): Promise<DeleteResult> {
    const present = await this.#finder.present(name)
    checkPreconditions(present, options)
    if (options.version === undefined) {
      if (present === undefined) return { outcome: 'missing', version: undefined }
      if (present.rank.tombstone) return { outcome: 'gone', version: present.rank.version }
    }
    const version = options.version ?? this.#nextVersion(present)
    const order = BlobFinder.compare({ version, tombstone: true, dataChecksum: 0 }, present)
    if (order === 'older') refuseOlder(present)
    if (order === 'same' && present?.sound === true) return { outcome: 'gone', version }
    const empty = {
      contentType: Buffer.alloc(0),
      dataLength: 0,
      dataChecksum: 0,
      chunkChecksums: [],
      data: [],
    }
    await this.#small.append({ ...empty, name, version, tombstone: true, replaces: present?.entry })
    this.deletes++
    return { outcome: 'deleted', version }
  }

  /**
   * Every blob once, in the order of the volumes, with large sequential reads; `after` continues behind an entry's
   * cursor. Blobs stored or deleted meanwhile may or may not be seen. Damaged needles are left out and logged.
   */
  scan(options: ScanOptions = {}): AsyncGenerator<ScanEntry, void, undefined> {
    this.#requireReadable()
    const { keyMap, volumes } = this.#parts
    return scanStore(
      { keyMap, volumes, log: this.#parts.options.log, openBlob: (name) => this.openBlob(name) },
      options,
    )
  }

  /** Adds an empty volume that the next writer takes; returns its id. Throws DISK_FULL, WRITE_FAILED. */
  async addVolume(): Promise<number> {
    this.#requireWritable()
    return (await this.#parts.volumes.addSpare()).id
  }

  /** Whether a request would be served now; false while the key map is away. */
  ready(): boolean {
    return this.#state === 'open' && this.#parts.keyMap.ready()
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

  /** Waits for operations under way, writes the index logs and lets the directory go. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#state = 'closing'
    try {
      await this.#locks.idle()
      await Promise.allSettled([this.#small.close(), this.#large.close()])
      await this.#parts.keyMap.close()
      await this.#parts.volumes.close()
    } finally {
      this.#parts.lock?.release()
      this.#state = 'closed'
    }
  }

  #nextVersion(present: PresentNeedle | undefined): bigint {
    return nextVersion({ nowMs: Date.now(), present: present?.rank.version, storeId: this.#parts.storeId })
  }

  /** Whether the present needle reads back sound; a replica's second copy heals one that does not. */
  async #verifies(name: Buffer): Promise<boolean> {
    try {
      const found = await this.#finder.find(name, { withData: true })
      return found !== undefined && (found.needle.dataVerified || found.needle.header.tombstone)
    } catch {
      return false
    }
  }

  async #holding<T>(name: string, work: () => Promise<T>): Promise<T> {
    const held = this.#locks.acquire(name)
    if (held !== undefined) await held
    try {
      return await work()
    } finally {
      this.#locks.release(name)
    }
  }

  #requireReadable(): void {
    if (this.#state === 'open' || this.#state === 'failed') return
    throw new StoreError('STORE_CLOSED', 'The store is closed')
  }

  #requireWritable(): void {
    if (this.#parts.options.readOnly) throw new StoreError('READ_ONLY', 'The store was opened to read only')
    if (this.#state === 'failed')
      throw new StoreError('STORE_FAILED', 'The store failed and must be restarted')
    if (this.#state !== 'open') throw new StoreError('STORE_CLOSED', 'The store is closed')
  }
}

export type { DeleteOptions, Preconditions, PutOptions }
