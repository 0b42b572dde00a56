// A disk whose plug can be pulled: real files underneath, and beside them a record of what was synced. A file is
// durable up to its last dataSync; its name, a rename, a removal or a new folder only once the folder it stands in was
// synced. powerCut() writes to another directory what a machine would find when it starts again.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type DiskFile, type DiskFiles, nodeDiskFiles } from '../../src/disk/disk-files.js'
import { FileImage } from './file-image.js'
import type { SeededRandom } from './seeded-random.js'

/** A name put at, or taken away from, an image; a rename is both at once. */
interface EntryChange {
  readonly remove: string | undefined
  readonly add: string | undefined
  readonly image: FileImage | undefined
  done: boolean
}

interface Folder {
  /** As the running system sees it. */
  readonly live: Map<string, FileImage>
  /** As the disk has it for certain. */
  readonly synced: Map<string, FileImage>
  readonly syncedFolders: Set<string>
  changes: EntryChange[]
}

/** Syncs that this disk pretends to do, to see whether anybody would notice. */
export type ForgottenSyncs = 'none' | 'files' | 'folders'

export class LosingDisk implements DiskFiles {
  readonly #root: string
  readonly #folders = new Map<string, Folder>()
  #operations = 0
  #unplugAt = Number.POSITIVE_INFINITY
  forgets: ForgottenSyncs

  /** What stands below `root` now counts as synced. */
  constructor(root: string, forgets: ForgottenSyncs = 'none') {
    this.#root = root
    this.forgets = forgets
    this.#load(root)
  }

  #load(path: string): void {
    const folder = this.#folder(path)
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name)
      if (entry.isDirectory()) {
        folder.syncedFolders.add(entry.name)
        this.#load(child)
      } else {
        const image = new FileImage(readFileSync(child))
        folder.live.set(entry.name, image)
        folder.synced.set(entry.name, image)
      }
    }
  }

  get unplugged(): boolean {
    return this.#operations >= this.#unplugAt
  }

  /** Writes, syncs, renames and so on begun so far. */
  get operations(): number {
    return this.#operations
  }

  /** From the given count of further operations on, nothing reaches the disk and every call fails. */
  unplugAfter(operations: number): void {
    this.#unplugAt = this.#operations + operations
  }

  /** Fails when the plug is out. Called when an operation begins, and again before it is said to be done. */
  powered(): void {
    if (this.unplugged) throw Object.assign(new Error('The plug was pulled'), { code: 'EIO' })
  }

  begin(): void {
    this.#operations++
    this.powered()
  }

  async open(path: string, flags: 'r' | 'r+' | 'wx+'): Promise<DiskFile> {
    if (flags === 'wx+') this.begin()
    const file = await nodeDiskFiles.open(path, flags)
    const folder = this.#folder(dirname(path))
    if (flags === 'wx+') {
      const image = new FileImage(Buffer.alloc(0))
      folder.live.set(basename(path), image)
      folder.changes.push({ remove: undefined, add: basename(path), image, done: true })
    }
    const image = folder.live.get(basename(path))
    if (image === undefined) throw new Error(`${path} was not made through this disk`)
    return new LosingFile(this, file, image)
  }

  async rename(from: string, to: string): Promise<void> {
    this.begin()
    const folder = this.#folder(dirname(from))
    const image = folder.live.get(basename(from))
    if (dirname(from) !== dirname(to) || image === undefined) throw new Error(`Cannot rename ${from}`)
    const change = { remove: basename(from), add: basename(to), image, done: false }
    folder.changes.push(change)
    await nodeDiskFiles.rename(from, to)
    this.powered()
    folder.live.delete(basename(from))
    folder.live.set(basename(to), image)
    change.done = true
  }

  async remove(path: string): Promise<void> {
    this.begin()
    const folder = this.#folder(dirname(path))
    const change = { remove: basename(path), add: undefined, image: undefined, done: false }
    folder.changes.push(change)
    await nodeDiskFiles.remove(path)
    this.powered()
    folder.live.delete(basename(path))
    change.done = true
  }

  async syncDirectory(path: string): Promise<void> {
    this.begin()
    const folder = this.#folder(path)
    const covered = new Set(folder.changes.filter(({ done }) => done))
    const subfolders = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    await setImmediate()
    this.powered()
    if (this.forgets === 'folders') return
    for (const change of folder.changes) if (covered.has(change)) applyEntry(folder.synced, change)
    folder.changes = folder.changes.filter((change) => !covered.has(change))
    for (const { name } of subfolders) folder.syncedFolders.add(name)
  }

  space(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    return nodeDiskFiles.space(path)
  }

  /** Writes what is left after a power cut: only what was synced, or with a generator any part of the rest too. */
  powerCut(target: string, random?: SeededRandom): void {
    this.unplugAfter(0)
    this.#restore(this.#root, target, random)
  }

  #restore(path: string, target: string, random: SeededRandom | undefined): void {
    mkdirSync(target, { recursive: true })
    const folder = this.#folder(path)
    const entries = new Map(folder.synced)
    if (random !== undefined) {
      for (const change of folder.changes) if (random.chance(0.5)) applyEntry(entries, change)
    }
    for (const [name, image] of entries) writeFileSync(join(target, name), image.afterPowerCut(random))
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue
      const survives = folder.syncedFolders.has(entry.name) || random?.chance(0.5) === true
      if (survives) this.#restore(join(path, entry.name), join(target, entry.name), random)
    }
  }

  #folder(path: string): Folder {
    const present = this.#folders.get(path)
    if (present !== undefined) return present
    const made = { live: new Map(), synced: new Map(), syncedFolders: new Set<string>(), changes: [] }
    this.#folders.set(path, made)
    return made
  }
}

function applyEntry(entries: Map<string, FileImage>, { remove, add, image }: EntryChange): void {
  if (remove !== undefined) entries.delete(remove)
  if (add !== undefined && image !== undefined) entries.set(add, image)
}

class LosingFile implements DiskFile {
  readonly #disk: LosingDisk
  readonly #file: DiskFile
  readonly #image: FileImage

  constructor(disk: LosingDisk, file: DiskFile, image: FileImage) {
    this.#disk = disk
    this.#file = file
    this.#image = image
  }

  read(buffer: Buffer, position: number): Promise<number> {
    return this.#file.read(buffer, position)
  }

  readSync(buffer: Buffer, position: number): number {
    return this.#file.readSync(buffer, position)
  }

  async write(buffers: readonly Buffer[], position: number): Promise<number> {
    this.#disk.begin()
    const change = this.#image.begin('write', position, Buffer.concat(buffers))
    const written = await this.#file.write(buffers, position)
    if (written < change.bytes.length) throw new Error('The disk underneath wrote short')
    this.#disk.powered()
    change.done = true
    return written
  }

  async truncate(sizeBytes: number): Promise<void> {
    this.#disk.begin()
    const change = this.#image.begin('truncate', sizeBytes)
    await this.#file.truncate(sizeBytes)
    this.#disk.powered()
    change.done = true
  }

  async dataSync(): Promise<void> {
    this.#disk.begin()
    const covered = this.#image.coveredBySync()
    await setImmediate()
    this.#disk.powered()
    if (this.#disk.forgets !== 'files') this.#image.synced(covered)
  }

  size(): Promise<number> {
    return this.#file.size()
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
