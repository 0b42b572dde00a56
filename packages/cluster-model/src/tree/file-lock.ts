// One process at a time changes the tree's file. Node has no flock, so each one that wants to makes a file of its own whose
// name tells who it is, and goes on once it sees no other living one. Of several, the one whose name sorts first stays and
// the others retreat. A dead one's file is removed by whoever meets it, which is safe because no name is used twice.
import fs from 'node:fs'
import { basename, dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClusterError } from '../errors.js'
import { identityPattern, lifeOf, newIdentity, pidOf } from './process-identity.js'

const lookAgainMs = 3
const retreatMs = 15
/** A lock of another host or container is held for milliseconds; after this long its holder is believed dead. */
const foreignStaleMs = 10_000

export interface FileLock {
  /** Beside the locked file, for this holder alone; removed by the next holder when this one dies. */
  readonly temporaryPath: string
  /** False when somebody took this process for dead. */
  isHeld(): boolean
  release(): void
}

/** Throws TREE_AWAY, naming who holds it, when it is not free by `deadlineMs` of performance.now(). */
export async function takeFileLock(path: string, deadlineMs: number): Promise<FileLock> {
  while (true) {
    const own = newIdentity()
    const lock = lockOf(path, own)
    fs.closeSync(fs.openSync(lockPath(path, own), 'wx'))
    try {
      let holder = otherHolder(path, own)
      while (holder !== undefined && rank(own) < rank(holder)) {
        throwIfLate(deadlineMs, path, holder)
        await sleep(lookAgainMs)
        holder = otherHolder(path, own)
      }
      if (holder === undefined) {
        removeLeftTemporaries(path)
        return lock
      }
      throwIfLate(deadlineMs, path, holder)
    } catch (error) {
      lock.release()
      throw error
    }
    lock.release()
    await sleep(Math.random() * retreatMs)
  }
}

function lockOf(path: string, own: string): FileLock {
  return {
    temporaryPath: `${path}.tmp-${own}`,
    isHeld: () => fs.existsSync(lockPath(path, own)),
    release: () => fs.rmSync(lockPath(path, own), { force: true }),
  }
}

function lockPath(path: string, identity: string): string {
  return `${path}.lock-${identity}`
}

/** The random part, so that no process is always first. */
function rank(identity: string): string {
  return identity.slice(identity.lastIndexOf('-'))
}

/** Of the living ones but `own`, the first in rank. */
function otherHolder(path: string, own: string): string | undefined {
  const others = identitiesBeside(path, 'lock').filter((each) => each !== own && isAlive(path, each))
  return others.sort((a, b) => (rank(a) < rank(b) ? -1 : 1))[0]
}

function isAlive(path: string, identity: string): boolean {
  const life = lifeOf(identity)
  if (life === 'alive') return true
  const stat = fs.statSync(lockPath(path, identity), { throwIfNoEntry: false })
  if (stat === undefined) return false
  if (life === 'foreign' && Date.now() - stat.mtimeMs < foreignStaleMs) return true
  fs.rmSync(lockPath(path, identity), { force: true })
  return false
}

/** Only a holder makes such files, so those that are there now were left by the dead. */
function removeLeftTemporaries(path: string): void {
  for (const identity of identitiesBeside(path, 'tmp')) fs.rmSync(`${path}.tmp-${identity}`, { force: true })
}

/** Of the files `<path>.<kind>-<identity>`. */
export function identitiesBeside(path: string, kind: 'lock' | 'tmp' | 'owner'): string[] {
  const prefix = `${basename(path)}.${kind}-`
  return fs
    .readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((identity) => identityPattern.exec(identity)?.[0] === identity)
}

function throwIfLate(deadlineMs: number, path: string, holder: string): void {
  if (performance.now() < deadlineMs) return
  const pid = pidOf(holder)
  throw new ClusterError('TREE_AWAY', `${path} is being changed by process ${pid}, for too long`, {
    path,
    pid,
  })
}
