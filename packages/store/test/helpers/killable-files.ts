// The files of a process that can be killed: what it wrote stays in the page cache, synced or not, and every further
// call of the dead process fails.
import type { DiskFile, DiskFiles } from '../../src/disk/disk-files.js'

export class KillableFiles implements DiskFiles {
  readonly #files: DiskFiles
  #left = Number.POSITIVE_INFINITY

  constructor(files: DiskFiles) {
    this.#files = files
  }

  /** The process dies when it has begun so many more writes, syncs and so on. */
  killAfter(operations: number): void {
    this.#left = operations
  }

  get killed(): boolean {
    return this.#left <= 0
  }

  /** Runs one operation of the process; its outcome is not known to a process that died meanwhile. */
  async alive<T>(operation: () => Promise<T>): Promise<T> {
    this.#left--
    if (this.killed) throw new Error('The process was killed')
    const result = await operation()
    if (this.killed) throw new Error('The process was killed')
    return result
  }

  async open(path: string, flags: 'r' | 'r+' | 'wx+'): Promise<DiskFile> {
    const file = await (flags === 'wx+'
      ? this.alive(() => this.#files.open(path, flags))
      : this.#files.open(path, flags))
    return {
      read: (buffer, position) => file.read(buffer, position),
      readSync: (buffer, position) => file.readSync(buffer, position),
      write: (buffers, position) => this.alive(() => file.write(buffers, position)),
      truncate: (sizeBytes) => this.alive(() => file.truncate(sizeBytes)),
      dataSync: () => this.alive(() => file.dataSync()),
      size: () => file.size(),
      close: () => file.close(),
    }
  }

  syncDirectory(path: string): Promise<void> {
    return this.alive(() => this.#files.syncDirectory(path))
  }

  rename(from: string, to: string): Promise<void> {
    return this.alive(() => this.#files.rename(from, to))
  }

  remove(path: string): Promise<void> {
    return this.alive(() => this.#files.remove(path))
  }

  space(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    return this.#files.space(path)
  }
}
