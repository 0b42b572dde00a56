// One measured wrk run: CPU of the server, device reads, page cache, and whether the run counts.
import { setTimeout as delay } from 'node:timers/promises'
import { runWrk, wrkFaultReason } from '../load/wrk.mjs'
import { readDiskStats } from './disk.mjs'
import { evictionReason, readPageCache } from './memory.mjs'
import { readCpu, readDeviceBytes, readMachineBusyUs } from './process-cpu.mjs'

const attemptsMax = 4
/** A server may write its index behind the last answer: its CPU is read this long after the load has ended. */
const settleMs = 1_200

/**
 * Runs `prepare` and then the load, again when the run is void, at most four times.
 * @param {{ server: { port: number, pids: number[], label: string }, load: object, folder: string,
 *   say: (text: string) => void, bytesPerAnswerMin?: number, hot?: 'locked' | 'cached' | undefined,
 *   prepare?: (attempt: number) => Promise<object | void> }} options `prepare` may return changes to the load; `hot`
 *   makes a run void that was not served from memory
 * @returns the run's figures, with `voids`: the reasons of the attempts that were thrown away
 */
export async function measureLoad({ server, load, say, prepare = async () => {}, ...rest }) {
  const voids = []
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const changes = await prepare(attempt)
    const { run, reason } = await measureOnce({ server, load: { ...load, ...changes }, ...rest })
    if (reason === undefined) return { ...run, voids }
    voids.push(reason)
    say(`  void run of ${server.label}: ${reason}`)
  }
  throw new Error(`${server.label}: ${attemptsMax} runs in a row were void (${voids.join('; ')})`)
}

async function measureOnce({ server, load, folder, bytesPerAnswerMin, hot }) {
  const cacheBefore = readPageCache()
  const diskBefore = readDiskStats(folder)
  const ownBytesBefore = readDeviceBytes(server.pids)
  const before = { cpu: readCpu(server.pids), busyUs: readMachineBusyUs(), atMs: performance.now() }
  const result = await runWrk({ port: server.port, ...load })
  const wallUs = (performance.now() - before.atMs) * 1000
  const busyUs = readMachineBusyUs() - before.busyUs
  const diskAfter = readDiskStats(folder)
  const cacheAfter = readPageCache()
  const ownBytes = readDeviceBytes(server.pids) - ownBytesBefore
  await delay(settleMs)
  const cpu = readCpu(server.pids)
  const totalUs = cpu.totalUs - before.cpu.totalUs
  const { requests, seconds } = result
  const known = diskBefore !== undefined && diskAfter !== undefined
  const deviceReads = known ? (diskAfter.reads - diskBefore.reads) / requests : undefined
  const run = {
    requests,
    ownDeviceBytes: ownBytes / requests,
    perSecond: requests / seconds,
    cpuUs: totalUs / requests,
    mainThreadUs: (cpu.mainThreadUs - before.cpu.mainThreadUs) / requests,
    serverCores: totalUs / wallUs,
    machineCores: busyUs / wallUs,
    p50Us: result.p50Us,
    p99Us: result.p99Us,
    deviceReads,
    deviceBytes: known ? (diskAfter.readBytes - diskBefore.readBytes) / requests : undefined,
  }
  const evicted = hot && evictionReason(cacheBefore, cacheAfter, { locked: hot === 'locked', deviceReads })
  return { run, reason: wrkFaultReason(result, { bytesPerAnswerMin }) ?? evicted }
}
