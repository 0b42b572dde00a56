// The port to the file system. The engine touches data files only through it, so that tests can put a layer
// underneath that loses what was not synced, runs out of space or fails a sync.
import fs from 'node:fs'
import { promisify } from 'node:util'

const open = promisify(fs.open)
const ftruncate = promisify(fs.ftruncate)
const fdatasync = promisify(fs.fdatasync)
const fsync = promisify(fs.fsync)
const close = promisify(fs.close)
const fstat = promisify(fs.fstat)

export interface DiskFile {
  /** Reads into `buffer`; may be short; 0 at the end of the file. */
  read(buffer: Buffer, position: number): Promise<number>
  /** As read, on the calling thread; for blobs that are known to be in the page cache. */
  readSync(buffer: Buffer, position: number): number
  /** Writes the buffers one after the other; may be short. Nothing is durable before dataSync. */
  write(buffers: readonly Buffer[], position: number): Promise<number>
  truncate(sizeBytes: number): Promise<void>
  /** On return everything written before the call, and the size, survives a power cut. */
  dataSync(): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

export interface DiskFiles {
  /** 'r' reads, 'r+' reads and writes, 'wx+' also creates and refuses an existing file. */
  open(path: string, flags: 'r' | 'r+' | 'wx+'): Promise<DiskFile>
  /** Makes creations, renames and removals in a directory durable. */
  syncDirectory(path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Bytes that can still be written below `path`, and the size of its file system. */
  space(path: string): Promise<{ freeBytes: number; totalBytes: number }>
}

class NodeDiskFile implements DiskFile {
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  read(buffer: Buffer, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, buffer, 0, buffer.length, position, (error, bytesRead) => {
        if (error) reject(error)
        else resolve(bytesRead)
      })
    })
  }

  readSync(buffer: Buffer, position: number): number {
    return fs.readSync(this.#fd, buffer, 0, buffer.length, position)
  }

  write(buffers: readonly Buffer[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | null, bytesWritten: number) => {
        if (error) reject(error)
        else resolve(bytesWritten)
      }
      const only = buffers.length === 1 ? buffers[0] : undefined
      if (only !== undefined) fs.write(this.#fd, only, 0, only.length, position, done)
      else fs.writev(this.#fd, buffers, position, done)
    })
  }

  truncate(sizeBytes: number): Promise<void> {
    return ftruncate(this.#fd, sizeBytes)
  }

  dataSync(): Promise<void> {
    return fdatasync(this.#fd)
  }

  async size(): Promise<number> {
    return (await fstat(this.#fd)).size
  }

  close(): Promise<void> {
    return close(this.#fd)
  }
}

export const nodeDiskFiles: DiskFiles = {
  async open(path, flags) {
    return new NodeDiskFile(await open(path, flags, 0o644))
  },
  async syncDirectory(path) {
    const fd = await open(path, 'r')
    try {
      await fsync(fd)
    } finally {
      await close(fd)
    }
  },
  rename: (from, to) => fs.promises.rename(from, to),
  remove: (path) => fs.promises.rm(path, { force: true }),
  async space(path) {
    const { bavail, blocks, bsize } = await fs.promises.statfs(path)
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  },
}
