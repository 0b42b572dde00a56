// Reads of the device that holds a folder, from /proc/diskstats.
import { readFileSync, statSync } from 'node:fs'

/** `{ device, reads, readBytes }` so far of the device under `path`; undefined where it has no entry (overlay, tmpfs). */
export function readDiskStats(path) {
  const { dev } = statSync(path)
  const major = ((dev >> 8) & 0xfff) >>> 0
  const minor = ((dev & 0xff) | ((dev >> 12) & 0xfff00)) >>> 0
  for (const line of readFileSync('/proc/diskstats', 'latin1').split('\n')) {
    const fields = line.trim().split(/\s+/)
    if (Number(fields[0]) !== major || Number(fields[1]) !== minor) continue
    return { device: fields[2], reads: Number(fields[3]), readBytes: Number(fields[5]) * 512 }
  }
  return undefined
}
