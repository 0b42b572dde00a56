// What the figures were measured on.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { readDiskStats } from './disk.mjs'

export function machineFacts(folder) {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    filesystem: fileSystemType(folder),
    device: readDiskStats(folder)?.device ?? 'none',
    node: process.version,
    nginx: firstLine('nginx', ['-v']),
    wrk: firstLine('wrk', ['-v']),
    redis: firstLine('redis-server', ['--version']),
  }
}

/** Type of the file system that holds the folder, such as `ext2/ext3` (as stat names ext4) or `tmpfs`. */
export function fileSystemType(folder) {
  return execFileSync('stat', ['-f', '-c', '%T', folder], { encoding: 'utf8' }).trim()
}

/** Load average of the last minute: a benchmark on a busy machine should say so. */
export function loadAverage() {
  return Number(readFileSync('/proc/loadavg', 'latin1').split(' ', 1)[0])
}

function firstLine(command, args) {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (error) return 'absent'
  return `${stdout}${stderr}`
    .split('\n', 1)[0]
    .replace(/ Copyright.*/, '')
    .replace(/^nginx version: /, '')
}
