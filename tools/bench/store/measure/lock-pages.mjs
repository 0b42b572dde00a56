// Keeps files in the page cache for as long as a hot run needs them, with Debian's vmtouch (mmap and mlock).
// Some kernels page out file pages that look idle (DAMON with action "pageout", seen in virtual machines) though there
// is memory to spare; a random read over a few GiB looks idle to them, and "hot" would quietly mean "from disk". Such
// schemes, and ordinary reclaim, leave locked pages alone. Every contender's files are locked alike.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { runProgram, startServer } from '../servers/child.mjs'

/** Below vm.max_map_count (65,530 by default): vmtouch maps every file. */
const filesPerProcessMax = 50_000
const lockTimeoutMs = 300_000
const readTimeoutMs = 600_000
const pollMs = 200
const filesPerReadMax = 1_000

/** Whether pages can be locked here. */
function canLockPages() {
  return process.getuid() === 0 && spawnSync('vmtouch', ['-h']).error === undefined
}

/** All regular files below a folder whose name passes. */
export function listFiles(folder, passes = () => true) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && passes(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}

/**
 * Brings files (or their first `bytesEach`) into memory and keeps them there until `release()`, where pages may be
 * locked; `hot` says which it was, for the check of each run.
 */
export async function holdInMemory({ work, files, bytesEach }) {
  if (canLockPages()) {
    return { hot: 'locked', release: await lockPages({ work, files, bytesEach }) }
  }
  for (let first = 0; first < files.length; first += filesPerReadMax) {
    const some = files.slice(first, first + filesPerReadMax)
    await runProgram('sh', ['-c', 'cat -- "$@" >/dev/null', 'sh', ...some], { timeoutMs: readTimeoutMs })
  }
  return { hot: 'cached', release: async () => {} }
}

async function lockPages({ work, files, bytesEach }) {
  const wholeBytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
  const bytes = bytesEach === undefined ? wholeBytes : bytesEach * files.length
  const range = bytesEach === undefined ? [] : ['-p', `0-${bytesEach}`]
  const processes = []
  const listPaths = []
  for (let first = 0; first < files.length; first += filesPerProcessMax) {
    const listPath = join(work, `vmtouch-${process.pid}-${Date.now()}-${first}.list`)
    writeFileSync(listPath, `${files.slice(first, first + filesPerProcessMax).join('\n')}\n`)
    listPaths.push(listPath)
    processes.push(startServer('vmtouch', ['-l', '-q', '-m', '64G', ...range, '-b', listPath]))
  }
  const deadlineMs = Date.now() + lockTimeoutMs
  while (processes.reduce((sum, { pid }) => sum + residentFileBytes(pid), 0) < bytes) {
    const ended = processes.find((process) => !process.isRunning())
    if (ended) throw new Error(`vmtouch ended: ${ended.output()}`)
    if (Date.now() > deadlineMs)
      throw new Error(`vmtouch did not lock ${bytes} bytes in ${lockTimeoutMs / 1000} s`)
    await delay(pollMs)
  }
  return async () => {
    await Promise.all(processes.map((process) => process.stop()))
    for (const listPath of listPaths) rmSync(listPath)
  }
}

/** What a process has mapped of files and in memory; 0 once it has ended. */
function residentFileBytes(pid) {
  try {
    const line = /^RssFile:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
    return line === null ? 0 : Number(line[1]) * 1024
  } catch {
    return 0
  }
}
