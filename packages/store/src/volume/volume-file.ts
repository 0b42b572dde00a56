// One volume on disk: its superblock, its always-open descriptor, and how far it is committed.
import { randomBytes } from 'node:crypto'
import { basename, join } from 'node:path'
import type { DiskFile, DiskFiles } from '../disk/disk-files.js'
import { readFully, writeFully } from '../disk/whole-io.js'
import { StoreError } from '../errors.js'
import { volumeSeed } from '../needle/needle-format.js'
import {
  decodeSuperblock,
  encodeSuperblock,
  saltBytes,
  superblockBytes,
  type Superblock,
} from './superblock.js'

export const volumeIdMax = 2 ** 20 - 1

export function volumeFileName(volumeId: number): string {
  return `${String(volumeId).padStart(8, '0')}.volume`
}

export function indexFileName(volumeId: number): string {
  return `${String(volumeId).padStart(8, '0')}.index`
}

export function sealFileName(volumeId: number): string {
  return `${String(volumeId).padStart(8, '0')}.sealed`
}

export class VolumeFile {
  readonly id: number
  readonly path: string
  readonly superblock: Superblock
  /** CRC-32 state that every header checksum of this volume starts from. */
  readonly seed: number
  readonly file: DiskFile
  /** Everything below is valid needles or known damage; readers never look past it. */
  committedBytes = superblockBytes
  /** Everything below survives a power cut. */
  syncedBytes = superblockBytes
  /** Set after a failed write or sync: never written again. */
  sealed = false
  #users = 0
  #closing = false
  readonly #idle: (() => void)[] = []

  constructor(path: string, file: DiskFile, superblock: Superblock) {
    this.path = path
    this.file = file
    this.superblock = superblock
    this.id = superblock.volumeId
    this.seed = volumeSeed(superblock.salt)
  }

  /** Makes a new volume; on return its file, superblock and directory entry are durable. */
  static async create(
    files: DiskFiles,
    directory: string,
    ids: { volumeId: number; storeId: number },
  ): Promise<VolumeFile> {
    const path = join(directory, volumeFileName(ids.volumeId))
    const superblock = { ...ids, salt: randomBytes(saltBytes), createdAtMs: Date.now() }
    const file = await files.open(path, 'wx+')
    try {
      await writeFully(file, [encodeSuperblock(superblock)], 0)
      await file.dataSync()
      await files.syncDirectory(directory)
      return new VolumeFile(path, file, superblock)
    } catch (cause) {
      await file.close()
      await files.remove(path)
      throw cause
    }
  }

  /**
   * Opens an existing volume. `fallback` (from its index) is used when the superblock is damaged; without one
   * throws VOLUME_UNREADABLE.
   */
  static async open(
    files: DiskFiles,
    path: string,
    { writable, fallback }: { writable: boolean; fallback: Superblock | undefined },
  ): Promise<VolumeFile> {
    const file = await files.open(path, writable ? 'r+' : 'r')
    try {
      const bytes = Buffer.alloc(superblockBytes)
      const read = await readFully(file, bytes, 0)
      const superblock = decodeSuperblock(bytes.subarray(0, read)) ?? fallback
      if (superblock === undefined || volumeFileName(superblock.volumeId) !== basename(path)) {
        throw new StoreError(
          'VOLUME_UNREADABLE',
          `${path} does not begin as volume ${basename(path)} should, and its index cannot help; move it away or restore it from a replica`,
          { path },
        )
      }
      return new VolumeFile(path, file, superblock)
    } catch (cause) {
      await file.close()
      throw cause
    }
  }

  /** Keeps the descriptor open until release(); false once closing has begun. */
  acquire(): boolean {
    if (this.#closing) return false
    this.#users++
    return true
  }

  release(): void {
    this.#users--
    if (this.#users === 0) for (const wake of this.#idle.splice(0)) wake()
  }

  /** Waits for the users of the descriptor, then closes it, so that its number is never another file's. */
  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    if (this.#users > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
    await this.file.close()
  }
}
