// Keeps files in the page cache for as long as a hot run needs them, with Debian's vmtouch (mmap and mlock).
// Some kernels take back pages that look idle (DAMON) though there is memory to spare; a random read of a few GiB
// looks idle to them, and "hot" would quietly mean "from disk".
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startServer } from '../servers/child.mjs'
import { readMemInfo } from './memory.mjs'

/** Below vm.max_map_count (65,530 by default): vmtouch maps every file. */
const filesPerProcessMax = 50_000
const lockTimeoutMs = 300_000
const pollMs = 200

/** Whether pages can be locked here. */
export function canLockPages() {
  return process.getuid() === 0 && spawnSync('vmtouch', ['-h']).error === undefined
}

/**
 * Reads the files into memory and locks them there until `unlock()`.
 * @param {{ work: string, files: string[], bytes: number }} options `bytes` is about their sum; done when so much is locked
 */
export async function lockPages({ work, files, bytes }) {
  const lockedBefore = readMemInfo('Mlocked')
  const processes = []
  for (let first = 0; first < files.length; first += filesPerProcessMax) {
    const listPath = join(work, `vmtouch-${process.pid}-${Date.now()}-${first}.list`)
    writeFileSync(listPath, files.slice(first, first + filesPerProcessMax).join('\n') + '\n')
    processes.push(startServer('vmtouch', ['-l', '-q', '-m', '64G', '-b', listPath]))
  }
  const deadlineMs = Date.now() + lockTimeoutMs
  while (readMemInfo('Mlocked') - lockedBefore < bytes) {
    const ended = processes.find((process) => !process.isRunning())
    if (ended) throw new Error(`vmtouch ended: ${ended.output()}`)
    if (Date.now() > deadlineMs) throw new Error(`vmtouch did not lock ${bytes} bytes in ${lockTimeoutMs / 1000} s`)
    await delay(pollMs)
  }
  return {
    unlock: async () => {
      await Promise.all(processes.map((process) => process.stop()))
    },
  }
}
