// Writes a blob or a tombstone under its name: one caller per name at a time looks what is there, decides, and
// appends. What is decided here is what every replica decides: versions, preconditions, which needle wins.
import { type BlobInfo, toBlobInfo } from './blob-info.js'
import type { SpaceGuard } from './disk/space-guard.js'
import type { ReceivedBody } from './incoming/receive-body.js'
import { NameLocks } from './name-locks.js'
import { nextVersion } from './needle/blob-version.js'
import { checkPreconditions, type DeleteOptions, type PutOptions, refuseOlder } from './put-rules.js'
import { BlobFinder, type FoundNeedle, type PresentNeedle } from './volume/blob-finder.js'
import { readChunks } from './volume/needle-reader.js'
import type { VolumeWriter } from './volume/volume-writer.js'

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

export interface BlobWriterParts {
  readonly finder: BlobFinder
  /** Takes bodies held in memory, many to a sync. */
  readonly small: VolumeWriter
  /** Takes bodies that wait in a file, so that the small ones never wait behind them. */
  readonly large: VolumeWriter
  readonly space: SpaceGuard
  readonly storeId: number
}

export class BlobWriter {
  readonly #parts: BlobWriterParts
  readonly #locks = new NameLocks()

  constructor(parts: BlobWriterParts) {
    this.#parts = parts
  }

  /** Durable on return. Throws PRECONDITION_FAILED, VERSION_CONFLICT, DISK_FULL and what the key map and disk throw. */
  put(name: string, put: NewBlob): Promise<PutResult> {
    return this.#holding(name, () => this.#put(name, put))
  }

  /** As put(), for a tombstone. */
  delete(name: string, nameBytes: Buffer, options: DeleteOptions): Promise<DeleteResult> {
    return this.#holding(name, () => this.#delete(nameBytes, options))
  }

  /** Resolves once nothing is under way. */
  idle(): Promise<void> {
    return this.#locks.idle()
  }

  async #put(name: string, { nameBytes, contentType, body, options }: NewBlob): Promise<PutResult> {
    const present = await this.#parts.finder.present(nameBytes)
    checkPreconditions(present, options)
    const version = options.version ?? this.#nextVersion(present)
    const { dataLength, dataChecksum, chunkChecksums, data } = body
    const order = BlobFinder.compare({ version, tombstone: false, dataChecksum }, present)
    const info = { name, version, dataLength, dataChecksum, contentType: contentType.toString('latin1') }
    if (order === 'older') refuseOlder(present)
    if (order === 'same' && present !== undefined && present.sound && (await this.#verifies(nameBytes))) {
      return { ...toBlobInfo({ ...info, location: present.entry }), created: false }
    }
    this.#parts.space.claim(dataLength)
    const writer = Array.isArray(data) ? this.#parts.small : this.#parts.large
    const location = await writer.append({
      name: nameBytes,
      contentType,
      version,
      tombstone: false,
      dataLength,
      dataChecksum,
      chunkChecksums,
      data,
      replaces: present?.entry,
    })
    return { ...toBlobInfo({ ...info, location }), created: true }
  }

  async #delete(name: Buffer, options: DeleteOptions): Promise<DeleteResult> {
    const present = await this.#parts.finder.present(name)
    checkPreconditions(present, options)
    if (options.version === undefined) {
      if (present === undefined) return { outcome: 'missing', version: undefined }
      if (present.rank.tombstone) return { outcome: 'gone', version: present.rank.version }
    }
    const version = options.version ?? this.#nextVersion(present)
    const order = BlobFinder.compare({ version, tombstone: true, dataChecksum: 0 }, present)
    if (order === 'older') refuseOlder(present)
    if (order === 'same' && present?.sound === true) return { outcome: 'gone', version }
    await this.#parts.small.append({
      name,
      contentType: Buffer.alloc(0),
      version,
      tombstone: true,
      dataLength: 0,
      dataChecksum: 0,
      chunkChecksums: [],
      data: [],
      replaces: present?.entry,
    })
    return { outcome: 'deleted', version }
  }

  #nextVersion(present: PresentNeedle | undefined): bigint {
    return nextVersion({ nowMs: Date.now(), present: present?.rank.version, storeId: this.#parts.storeId })
  }

  /** Whether the present needle reads back sound; a replica's second copy heals one that does not. */
  async #verifies(name: Buffer): Promise<boolean> {
    try {
      const found = await this.#parts.finder.find(name, { withData: true })
      if (found === undefined) return false
      return found.needle.dataVerified || found.needle.header.tombstone || (await chunksVerify(found))
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
}

/** A body that arrived, with what is to be written about it. */
export interface NewBlob {
  readonly nameBytes: Buffer
  readonly contentType: Buffer
  readonly body: ReceivedBody
  readonly options: PutOptions
}

/** Whether every chunk of a large blob reads back sound. */
async function chunksVerify({ volume, entry, needle }: FoundNeedle): Promise<boolean> {
  if (!volume.file.acquire()) return false
  try {
    const range = { start: 0, end: needle.header.dataLength - 1 }
    for await (const chunk of readChunks(volume.file, { entry, needle, range }))
      if (chunk === 'data') return false
    return true
  } finally {
    volume.file.release()
  }
}
