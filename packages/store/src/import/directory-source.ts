// Finds the files of a directory tree. Paths are bytes to the system, so they are bytes here until they are names.
import { isUtf8 } from 'node:buffer'
import { constants, type Stats } from 'node:fs'
import fs from 'node:fs/promises'
import { StoreError } from '../errors.js'
import { encodeNewName } from '../needle/blob-name.js'
import { guessContentType } from '../http/guess-content-type.js'
import type { ImportFinding, ImportSource } from './import-source.js'
import { showBytes } from './show-bytes.js'

const readBytes = 256 * 1024
const separator = Buffer.from('/')

interface FoundFile {
  readonly path: Buffer
  /** Below the root. */
  readonly relative: Buffer
}

export class DirectorySource implements ImportSource {
  readonly unit = 'bytes'
  readonly #root: Buffer
  readonly #prefix: string

  /** `prefix` is put before every relative path as it is. */
  constructor(root: string, { prefix = '' }: { prefix?: string | undefined } = {}) {
    this.#root = Buffer.from(root)
    this.#prefix = prefix
  }

  async measure(signal: AbortSignal): Promise<number> {
    let bytes = 0
    for await (const found of walk(this.#root, undefined)) {
      signal.throwIfAborted()
      if ('stats' in found && found.stats.isFile()) bytes += found.stats.size
    }
    return bytes
  }

  async *findings(): AsyncGenerator<ImportFinding, void, undefined> {
    for await (const found of walk(this.#root, undefined)) yield this.#describe(found)
  }

  #describe(found: FoundFile & ({ stats: Stats } | { error: Error })): ImportFinding {
    const origin = showBytes(found.relative)
    const refuse = (outcome: 'skipped' | 'failed', reason: string): ImportFinding => {
      return { kind: 'refusal', origin, outcome, reason }
    }
    if ('error' in found) return refuse('failed', found.error.message)
    const { stats, path, relative } = found
    if (stats.isSymbolicLink()) return refuse('skipped', 'a symbolic link; links are not followed')
    if (!stats.isFile()) return refuse('skipped', 'neither a file nor a directory')
    if (!isUtf8(relative)) return refuse('failed', 'its name is not valid UTF-8')
    const name = `${this.#prefix}${relative.toString('utf8')}`
    try {
      encodeNewName(name)
    } catch (error) {
      if (error instanceof StoreError) return refuse('failed', error.message)
      throw error
    }
    if (stats.size === 0) return refuse('skipped', 'an empty file; a blob has at least one byte')
    return {
      kind: 'item',
      origin,
      name,
      sizeBytes: stats.size,
      contentType: guessContentType(name),
      open: () => readFile(path, stats.size),
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** Everything below `path` but the directories themselves; what cannot be listed comes with its error. */
async function* walk(
  path: Buffer,
  relative: Buffer | undefined,
): AsyncGenerator<FoundFile & ({ stats: Stats } | { error: Error }), void, undefined> {
  let names: Buffer[]
  try {
    names = await fs.readdir(path, { encoding: 'buffer' })
  } catch (error) {
    if (relative === undefined) throw error
    yield { path, relative, error: error as Error }
    return
  }
  for (const name of names.sort(Buffer.compare)) {
    const found = {
      path: Buffer.concat([path, separator, name]),
      relative: relative === undefined ? name : Buffer.concat([relative, separator, name]),
    }
    const stats = await fs.lstat(found.path).catch((error: Error) => error)
    if (stats instanceof Error) yield { ...found, error: stats }
    else if (stats.isDirectory()) yield* walk(found.path, found.relative)
    else yield { ...found, stats }
  }
}

/** O_NOFOLLOW: what was a file when it was found may be a link by now. */
async function* readFile(path: Buffer, sizeBytes: number): AsyncGenerator<Buffer, void, undefined> {
  const file = await fs.open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    while (true) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(readBytes, sizeBytes)))
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
