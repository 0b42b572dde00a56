// Names that tell whether the process that made them still lives: `<pid>-<start>-<place>-<random>`. The start time tells a
// reused pid from the owner; the place says where that pid means something.
import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { hostname } from 'node:os'

/** Matches such a name, without anchors. */
export const identityPattern = /(\d+)-(\w+)-([0-9a-f]{12})-([0-9a-f]{12})/

/** Another one at each call. */
export function newIdentity(): string {
  return `${process.pid}-${startOf(process.pid)}-${ownPlace}-${randomBytes(6).toString('hex')}`
}

export function pidOf(identity: string): number {
  return Number.parseInt(identity, 10)
}

/** 'foreign' when it is of another host, boot or container, where nothing can be known of it. */
export function lifeOf(identity: string): 'alive' | 'dead' | 'foreign' {
  const [, pid, start, place] = identityPattern.exec(identity) ?? []
  if (place !== ownPlace) return 'foreign'
  return startOf(Number(pid)) === start ? 'alive' : 'dead'
}

const ownPlace = describePlace()

function describePlace(): string {
  const parts = [
    hostname(),
    readOr('', () => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    readOr('', () => fs.readlinkSync('/proc/self/ns/pid')),
  ]
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12)
}

/** Ticks between the boot and its start, from proc(5) stat; without /proc, whether it exists. 'none' when it does not. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie has ended; it only waits for its parent to notice.
    return fields[0] === 'Z' || fields[0] === 'X' ? 'none' : (fields[19] ?? 'none')
  } catch {
    return fs.existsSync('/proc/self/stat') || !exists(pid) ? 'none' : 'exists'
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function readOr(otherwise: string, read: () => string): string {
  try {
    return read()
  } catch {
    return otherwise
  }
}
