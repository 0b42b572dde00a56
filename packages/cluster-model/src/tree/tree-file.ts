// The file itself: read when it has changed, replaced as a whole, so that a reader sees one state or the other.
import { type BigIntStats, constants, type Stats } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ClusterError, isClusterError } from '../errors.js'
import type { FileLock } from './file-lock.js'
import type { TreeContent } from './file-tree-content.js'
import { damaged, decodeTree, encodeTree, fileBytesMax } from './file-tree-format.js'

/** Longer than a tick of the clock that files are stamped with. */
const settleMs = 100
/** Tokens of users stand in it. */
const newFileMode = 0o600

export class TreeFile {
  readonly path: string
  #content: TreeContent | undefined
  #seen = ''
  /** False when it had just been written as it was read: clocks of files are too coarse to tell the next write from that. */
  #seenSettled = false

  constructor(path: string) {
    this.path = path
  }

  /** What it says now; undefined when there is none. Throws TREE_DAMAGED, and TREE_AWAY when it cannot be read. */
  async read(): Promise<TreeContent | undefined> {
    try {
      const now = await stat(this.path, { bigint: true })
      if (this.#content !== undefined && this.#seenSettled && identify(now) === this.#seen)
        return this.#content
      const file = await open(this.path, 'r')
      try {
        const opened = await file.stat({ bigint: true })
        if (opened.size > BigInt(fileBytesMax)) throw damaged(this.path, `it has ${opened.size} bytes`)
        this.#content = decodeTree(this.path, await file.readFile())
        this.#seen = identify(opened)
        this.#seenSettled = Date.now() - Number(opened.mtimeMs) > settleMs
        return this.#content
      } finally {
        await file.close()
      }
    } catch (error) {
      if (isClusterError(error)) throw error
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw this.#away('read', error)
    }
  }

  /** On return `content` survives a power cut. A file that is there keeps its mode. Throws TREE_AWAY; then the old content may stand or the new. */
  async replace(content: TreeContent, lock: FileLock): Promise<void> {
    const bytes = encodeTree(content)
    if (bytes.length > fileBytesMax) {
      throw new ClusterError('NODE_TOO_LARGE', `${this.path} would grow to ${bytes.length} bytes`)
    }
    try {
      await writeSynced(lock.temporaryPath, bytes, await statIfThere(this.path))
      // Whoever took this process for dead may be writing by now.
      if (!lock.isHeld()) throw new Error('The lock was taken away')
      await rename(lock.temporaryPath, this.path)
      await syncDirectory(dirname(this.path))
    } catch (error) {
      await rm(lock.temporaryPath, { force: true }).catch(() => undefined)
      throw this.#away('written', error)
    }
  }

  #away(what: string, cause: unknown): ClusterError {
    const message = `${this.path} cannot be ${what}: ${(cause as Error).message}`
    return new ClusterError('TREE_AWAY', message, { path: this.path, cause })
  }
}

/** Each write makes another inode; the times tell one that has the number of an inode before it. */
function identify({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function writeSynced(path: string, bytes: Buffer, former: Stats | undefined): Promise<void> {
  const file = await open(path, 'wx', newFileMode)
  try {
    if (former !== undefined) {
      // An edit made as root must not keep the daemons from reading it.
      if (process.getuid?.() === 0) await file.chown(former.uid, former.gid)
      await file.chmod(former.mode & 0o777)
    }
    await writeFully(file, bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The kernel may write less than it was given, without an error. */
async function writeFully(file: FileHandle, bytes: Buffer): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done)
    if (bytesWritten === 0) throw new Error('A write wrote nothing: no space left on device')
    done += bytesWritten
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
