// Page cache: its size, dropping it, and whether a run lost some of it.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** `Cached` may shrink by this much without making a run void: temporary files that ended, not eviction. */
const shrinkBytesMax = 8 * 1024 * 1024

/** Device reads per request that other programs may cause while ours are all from memory. */
const hotDeviceReadsMax = 0.01

/** One field of /proc/meminfo, in bytes. */
export function readMemInfo(field) {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/meminfo', 'latin1'))
  if (match === null) throw new Error(`/proc/meminfo has no ${field}`)
  return Number(match[1]) * 1024
}

/** What the kernel caches of files, and how much of that is locked, in bytes. */
export function readPageCache() {
  return { cachedBytes: readMemInfo('Cached'), lockedBytes: readMemInfo('Mlocked') }
}

/**
 * Reason for which a hot run is void, or undefined: eviction during a run means that hot was not hot. While the files
 * of the run are locked in memory, other programs' pages may go; then what counts is that nothing was unlocked.
 */
export function evictionReason(before, after, { locked, deviceReads = 0 }) {
  const field = locked ? 'lockedBytes' : 'cachedBytes'
  const lostBytes = before[field] - after[field]
  if (lostBytes > shrinkBytesMax) {
    return `${locked ? 'Mlocked' : 'Cached'} shrank by ${Math.round(lostBytes / 2 ** 20)} MiB during the run`
  }
  if (deviceReads > hotDeviceReadsMax)
    return `${deviceReads.toFixed(3)} device reads per request in a hot run`
  return undefined
}

/** Writes out what is dirty, machine-wide. */
export function syncDisks() {
  execFileSync('sync')
}

/**
 * Drops what the kernel caches: as root everything (`inodes`: also inodes and folder entries), else the pages of each
 * file in `folders` (`dd iflag=nocache`). Says which it was.
 */
export function dropCaches(folders, { inodes = true } = {}) {
  syncDisks()
  if (process.getuid() === 0) {
    try {
      const what = inodes ? '3' : '1'
      writeFileSync('/proc/sys/vm/drop_caches', what)
      return `drop_caches ${what}`
    } catch {
      // No right to do so inside a container: file by file below.
    }
  }
  for (const folder of folders) dropFolder(folder)
  return 'posix_fadvise per file; inodes and folder entries stay in memory'
}

function dropFolder(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name)
    if (!entry.isFile() || statSync(path).size === 0) continue
    execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none'])
  }
}
