// Refuses a second writer on a data directory. Node has no flock, so every writer makes a file of its own,
// `lock-<pid>-<random>`, and only then looks whether another one's owner lives: of two that start at once at most
// one goes on. A lock of a dead process is removed, so that a killed store starts again at once.
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { StoreError } from '../errors.js'

const lockFile = /^lock-\d+-[0-9a-f]+$/
const draftFile = /^lock-\d+-[0-9a-f]+\.tmp$/
const beatMs = 5_000
/** A lock from another host or container is believed dead when it was not touched for this long. */
const foreignStaleMs = 30_000

interface Owner {
  readonly pid: number
  /** Where that pid means something: host, boot and pid namespace. */
  readonly place: string
  /** When the process started, in clock ticks since boot; tells a reused pid from the owner. */
  readonly startTicks: string
}

export class DirectoryLock {
  readonly #path: string
  readonly #beat: NodeJS.Timeout
  #released = false
  #onLost: (() => void) | undefined

  private constructor(path: string) {
    this.#path = path
    this.#beat = setInterval(() => {
      const now = new Date()
      fs.utimes(path, now, now, (error) => {
        if (error?.code === 'ENOENT' && !this.#released) this.#onLost?.()
      })
    }, beatMs).unref()
  }

  /** Throws DIRECTORY_LOCKED with the owner's pid. */
  static take(directory: string): DirectoryLock {
    const path = join(directory, `lock-${process.pid}-${randomBytes(4).toString('hex')}`)
    // Whole from its first moment on: one that a killed process left half-written could not be told from a living one's.
    fs.writeFileSync(`${path}.tmp`, JSON.stringify(describe(process.pid)), { flag: 'wx' })
    fs.renameSync(`${path}.tmp`, path)
    const owner = livingOwner(directory, path)
    if (owner === undefined) return new DirectoryLock(path)
    fs.rmSync(path, { force: true })
    throw new StoreError(
      'DIRECTORY_LOCKED',
      `${directory} is in use by process ${owner.pid}; stop it first, or ask it over HTTP`,
      { pid: owner.pid, directory },
    )
  }

  /** The pid of the process that writes to the directory, if one does. */
  static ownerOf(directory: string): number | undefined {
    return livingOwner(directory, undefined)?.pid
  }

  /** `listener` is called when somebody took this process for dead and removed its lock: it must not write any more. */
  onLost(listener: () => void): void {
    this.#onLost = listener
  }

  release(): void {
    this.#released = true
    clearInterval(this.#beat)
    fs.rmSync(this.#path, { force: true })
  }
}

function livingOwner(directory: string, own: string | undefined): Owner | undefined {
  for (const name of fs.readdirSync(directory)) {
    const path = join(directory, name)
    if (own !== undefined && draftFile.test(name) && !isFresh(path)) fs.rmSync(path, { force: true })
    if (!lockFile.test(name) || path === own) continue
    const owner = readOwner(path)
    if (owner === undefined) continue
    if (isAlive(owner, path)) return owner
    if (own !== undefined) fs.rmSync(path, { force: true })
  }
  return undefined
}

/** Undefined when the lock is gone again; one that a power cut left empty has an owner of no known place. */
function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(fs.readFileSync(path, 'utf8')) as Owner
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    return { pid: Number(path.split('-').at(-2)), place: '', startTicks: '' }
  }
}

function isAlive(owner: Owner, path: string): boolean {
  const here = describe(owner.pid)
  if (owner.place !== here.place) return isFresh(path)
  return here.startTicks !== '' && here.startTicks === owner.startTicks
}

function isFresh(path: string): boolean {
  const stat = fs.statSync(path, { throwIfNoEntry: false })
  return stat !== undefined && Date.now() - stat.mtimeMs < foreignStaleMs
}

function describe(pid: number): Owner {
  return { pid, place: `${hostname()} ${bootId()} ${pidNamespace()}`, startTicks: startTicks(pid) }
}

function bootId(): string {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

function pidNamespace(): string {
  try {
    return fs.readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/** Field 22 of proc(5) stat; without /proc, whether the process exists. '' when it does not. */
function startTicks(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    if (fs.existsSync('/proc/self/stat')) return ''
    try {
      process.kill(pid, 0)
      return 'exists'
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'exists' : ''
    }
  }
}
