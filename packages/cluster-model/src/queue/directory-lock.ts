// Refuses a second process on a local queue's directory. Node has no flock, so everybody makes a file of its own,
// `lock-<pid>-<random>`, and only then looks whether another one's owner lives: of two that start at once at most one goes
// on. A lock of a dead process is removed.
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { join } from 'node:path'
import { ClusterError } from '../errors.js'

const lockFile = /^lock-(\d+)-[0-9a-f]+$/

/** Where a pid means something, and whose it is: the boot, the pid namespace, when the process started. */
type Owner = string

export class DirectoryLock {
  readonly #path: string

  private constructor(path: string) {
    this.#path = path
  }

  /** Throws QUEUE_LOCKED with the owner's pid. */
  static take(directory: string): DirectoryLock {
    const path = join(directory, `lock-${process.pid}-${randomBytes(4).toString('hex')}`)
    // Whole from its first moment on: a half-written one would be taken for a dead process's.
    fs.writeFileSync(`${path}.new`, ownerOf(process.pid) ?? '', { flag: 'wx' })
    fs.renameSync(`${path}.new`, path)
    for (const name of fs.readdirSync(directory)) {
      const pid = Number(lockFile.exec(name)?.[1])
      const other = join(directory, name)
      if (Number.isNaN(pid) || other === path) continue
      if (!isHeld(other, pid)) {
        fs.rmSync(other, { force: true })
        continue
      }
      fs.rmSync(path, { force: true })
      throw new ClusterError('QUEUE_LOCKED', `The queue in ${directory} is in use by process ${pid}`, {
        pid,
        directory,
      })
    }
    return new DirectoryLock(path)
  }

  release(): void {
    fs.rmSync(this.#path, { force: true })
  }
}

function isHeld(path: string, pid: number): boolean {
  try {
    return fs.readFileSync(path, 'utf8') === ownerOf(pid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Undefined when there is no such process. */
function ownerOf(pid: number): Owner | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Field 22 of proc(5) stat tells a pid that is used again.
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${boot} ${fs.readlinkSync('/proc/self/ns/pid')} ${startTicks}`
  } catch {
    return existsWithoutProc(pid) ? 'exists' : undefined
  }
}

function existsWithoutProc(pid: number): boolean {
  if (fs.existsSync('/proc/self/stat')) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
