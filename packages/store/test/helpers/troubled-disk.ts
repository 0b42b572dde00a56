// A disk that does not do what it is asked: writes short, runs out of space, fails a sync. Real files underneath,
// or another disk of the tests.
import { type DiskFile, type DiskFiles, nodeDiskFiles } from '../../src/disk/disk-files.js'

export class TroubledDisk implements DiskFiles {
  readonly #files: DiskFiles
  /** Bytes that may still be written before ENOSPC; a truncate or removal does not give any back. */
  spaceLeftBytes = Number.POSITIVE_INFINITY
  /** What space() reports; undefined: the truth. */
  freeBytes: number | undefined
  /** How many of so many bytes one write call takes. */
  shorten: (lengthBytes: number) => number = (lengthBytes) => lengthBytes
  /** Whether the operation on this file or directory fails with EIO. */
  fails: (operation: 'open' | 'write' | 'dataSync' | 'truncate' | 'rename', path: string) => boolean = () =>
    false

  constructor(files: DiskFiles = nodeDiskFiles) {
    this.#files = files
  }

  async open(path: string, flags: 'r' | 'r+' | 'wx+'): Promise<DiskFile> {
    if (flags === 'wx+') this.check('open', path)
    return new TroubledFile(this, path, await this.#files.open(path, flags))
  }

  syncDirectory(path: string): Promise<void> {
    return this.#files.syncDirectory(path)
  }

  async rename(from: string, to: string): Promise<void> {
    this.check('rename', to)
    await this.#files.rename(from, to)
  }

  remove(path: string): Promise<void> {
    return this.#files.remove(path)
  }

  async space(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    const space = await this.#files.space(path)
    return { ...space, freeBytes: this.freeBytes ?? space.freeBytes }
  }

  check(operation: Parameters<TroubledDisk['fails']>[0], path: string): void {
    if (this.fails(operation, path)) {
      throw Object.assign(new Error(`EIO: i/o error, ${operation} ${path}`), { code: 'EIO' })
    }
  }
}

class TroubledFile implements DiskFile {
  readonly #disk: TroubledDisk
  readonly #path: string
  readonly #file: DiskFile

  constructor(disk: TroubledDisk, path: string, file: DiskFile) {
    this.#disk = disk
    this.#path = path
    this.#file = file
  }

  read(buffer: Buffer, position: number): Promise<number> {
    return this.#file.read(buffer, position)
  }

  readSync(buffer: Buffer, position: number): number {
    return this.#file.readSync(buffer, position)
  }

  async write(buffers: readonly Buffer[], position: number): Promise<number> {
    this.#disk.check('write', this.#path)
    const bytes = Buffer.concat(buffers)
    const wanted = Math.min(this.#disk.shorten(bytes.length), bytes.length)
    const fitting = Math.min(wanted, this.#disk.spaceLeftBytes)
    if (fitting === 0 && bytes.length > 0) {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    }
    this.#disk.spaceLeftBytes -= fitting
    return this.#file.write([bytes.subarray(0, fitting)], position)
  }

  async truncate(sizeBytes: number): Promise<void> {
    this.#disk.check('truncate', this.#path)
    await this.#file.truncate(sizeBytes)
  }

  async dataSync(): Promise<void> {
    this.#disk.check('dataSync', this.#path)
    await this.#file.dataSync()
  }

  size(): Promise<number> {
    return this.#file.size()
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
