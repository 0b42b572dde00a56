// CPU time and device reads of a process and its descendants, from /proc.
import { readdirSync, readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'

const descendantsMax = 1000

let ticksPerSecond

function clockTicks() {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return ticksPerSecond
}

/**
 * CPU of the given processes and all their descendants, in µs.
 * `totalUs` is user plus system time of every thread, ended ones included; `mainThreadUs` that of the main threads.
 */
export function readCpu(rootPids) {
  let totalTicks = 0
  let mainTicks = 0
  for (const pid of processTree(rootPids)) {
    totalTicks += statTicks(`/proc/${pid}/stat`)
    mainTicks += statTicks(`/proc/${pid}/task/${pid}/stat`)
  }
  const usPerTick = 1e6 / clockTicks()
  return { totalUs: totalTicks * usPerTick, mainThreadUs: mainTicks * usPerTick }
}

/** Bytes that the processes and their descendants had read from a device, read-ahead included. */
export function readDeviceBytes(rootPids) {
  const perProcess = processTree(rootPids).map((pid) => {
    const line = /^read_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))
    return line === null ? 0 : Number(line[1])
  })
  return perProcess.reduce((sum, bytes) => sum + bytes, 0)
}

/** Busy CPU of the whole machine in µs (everything but idle and waiting for a disk). */
export function readMachineBusyUs() {
  const fields = readFileSync('/proc/stat', 'latin1')
    .split('\n', 1)[0]
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number)
  const [user, nice, system, , , irq, softirq, steal] = fields
  return ((user + nice + system + irq + softirq + steal) * 1e6) / clockTicks()
}

/** The processes and all their descendants. */
export function processTree(rootPids) {
  const found = [...rootPids]
  for (let index = 0; index < found.length && found.length < descendantsMax; index++) {
    found.push(...childPids(found[index]))
  }
  return found
}

function childPids(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1')
        .trim()
        .split(' ')
        .filter(Boolean)
        .map(Number),
    )
  } catch {
    return [] // The process or one of its threads has just ended.
  }
}

function statTicks(path) {
  // The command name, in brackets, may hold blanks: count fields from its end. utime and stime are fields 14 and 15.
  const text = readFileSync(path, 'latin1')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
