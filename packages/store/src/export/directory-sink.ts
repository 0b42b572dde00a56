// Exports blobs as files whose paths are the names. Nothing is ever written outside of the target: names that would
// lead out of it get another path, and links that stand in the target already are not followed.
import { nodeDiskFiles } from '../disk/disk-files.js'
import { makeDirectory } from '../disk/make-directory.js'
import fs from 'node:fs/promises'
import { join } from 'node:path'
import type { ScanEntry } from '../scan.js'
import { escapedSegments, exportPathOf, ownFolder } from './export-path.js'
import type { ExportSink } from './export-sink.js'

const foldersKnownMax = 100_000
const manifestName = 'escaped.ndjson'
const takenReason = 'its path is too long here, or leads through a file, a link, or to a folder'

export class DirectorySink implements ExportSink {
  readonly #target: string
  readonly #partPath: string
  /** Folders that are there and are no links. */
  readonly #folders = new Set<string>()
  #manifest: fs.FileHandle | undefined
  readonly #manifestFlags: 'a' | 'w'

  private constructor(target: string, continued: boolean) {
    this.#target = target
    this.#partPath = join(target, ownFolder, `part-${process.pid}`)
    this.#manifestFlags = continued ? 'a' : 'w'
  }

  /** Makes the target when it is missing. `continued` keeps what an earlier export noted. */
  static async open(target: string, { continued }: { continued: boolean }): Promise<DirectorySink> {
    await makeDirectory(target, nodeDiskFiles)
    const sink = new DirectorySink(target, continued)
    if (await sink.#makeFolders([ownFolder])) return sink
    throw Object.assign(new Error('it is not a directory'), {
      code: 'ENOTDIR',
      path: join(target, ownFolder),
    })
  }

  async write(entry: ScanEntry): Promise<'written' | 'escaped'> {
    const { name } = entry.info
    await this.#writePart(entry)
    const path = exportPathOf(name)
    if (path.segments !== undefined && (await this.#place(path.segments))) return 'written'
    const escaped = escapedSegments(name)
    if (!(await this.#place(escaped))) {
      throw Object.assign(new Error('it cannot be written'), { path: join(this.#target, ...escaped) })
    }
    await this.#note({ name, path: escaped.join('/'), reason: path.problem ?? takenReason })
    return 'escaped'
  }

  /** Beside its place first, so that an interrupted export leaves no half of a blob under its name. */
  async #writePart({ info, data, open }: ScanEntry): Promise<void> {
    const file = await fs.open(this.#partPath, 'wx')
    try {
      if (data !== undefined) await file.writeFile(data)
      else for await (const part of open() as AsyncIterable<Buffer>) await file.writeFile(part)
      const modifiedAt = new Date(info.modifiedAtMs)
      await file.utimes(modifiedAt, modifiedAt)
    } catch (error) {
      await file.close()
      await fs.rm(this.#partPath, { force: true })
      throw error
    }
    await file.close()
  }

  /**
   * Moves the part to its path; false when the path is too long here, a folder stands there, or a file or a link
   * stands where a folder is needed.
   */
  async #place(segments: readonly string[]): Promise<boolean> {
    try {
      if (!(await this.#makeFolders(segments.slice(0, -1)))) return false
      // A link that stands there is replaced, not followed.
      await fs.rename(this.#partPath, join(this.#target, ...segments))
      return true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EISDIR' || code === 'ENAMETOOLONG') return false
      throw error
    }
  }

  async #makeFolders(segments: readonly string[]): Promise<boolean> {
    let path = this.#target
    for (const segment of segments) {
      path = join(path, segment)
      if (this.#folders.has(path)) continue
      if (!(await makeFolder(path))) return false
      if (this.#folders.size >= foldersKnownMax) this.#folders.clear()
      this.#folders.add(path)
    }
    return true
  }

  async #note(escaped: { name: string; path: string; reason: string }): Promise<void> {
    this.#manifest ??= await fs.open(join(this.#target, ownFolder, manifestName), this.#manifestFlags)
    await this.#manifest.writeFile(`${JSON.stringify(escaped)}\n`)
  }

  async close(): Promise<void> {
    await this.#manifest?.close()
    await fs.rm(this.#partPath, { force: true })
    await fs.rmdir(join(this.#target, ownFolder)).catch(() => undefined)
  }
}

/** False when something stands there that is no folder. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await fs.mkdir(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return (await fs.lstat(path)).isDirectory()
  }
}
