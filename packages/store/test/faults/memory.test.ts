// What the daemon and the table take, measured from outside of their processes.
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import type { LoadOrders } from '../helpers/daemon-load.js'
import { bundleHelper, DaemonProcess } from '../helpers/daemon-process.js'
import type { TableMemory } from '../helpers/daemon-table-memory.js'
import { faultCount, fullFaults } from '../helpers/fault-count.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'

const run = promisify(execFile)
const mebibyte = 1024 * 1024
const sizeBytes = 20_000_000
const aboveIdleBytesMax = 300 * mebibyte
const bytesPerNameMax = 18
/** A young generation that neither grows nor shrinks, so that resident bytes tell of the table. */
const steadyHeap = ['--expose-gc', '--min-semi-space-size=2', '--max-semi-space-size=2']
/** By how much two runs of one program differ. */
const processNoiseBytes = 16 * mebibyte

/** Resident bytes of a process: now, and the most since resetPeak(). */
function residentBytes(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kibibytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1])
  return { now: kibibytes('VmRSS') * 1024, peak: kibibytes('VmHWM') * 1024 }
}

function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

test('parallel uploads and downloads of 20 MB stay within 300 MB above idle', async () => {
  const count = faultCount('parallel transfers of 20 MB', { short: 20, full: 200 })
  const [daemonBundle, loadBundle] = [await bundleHelper('daemon-main'), await bundleHelper('daemon-load')]
  const daemon = new DaemonProcess(daemonBundle, { store: { path: temporaryDirectory(), reserveBytes: 0 } })
  onTestFinished(() => daemon.kill())
  await daemon.opening()
  const port = await daemon.listening()
  // One of each first, so that idle means a process that has seen work.
  for (const action of ['upload', 'download'] as const)
    await load({ port, action, count: 1, sizeBytes, slowEvery: 2 })
  const idleBytes = residentBytes(daemon.pid).now
  const aboveIdleBytes: number[] = []
  for (const action of ['upload', 'download'] as const) {
    resetPeak(daemon.pid)
    await load({ port, action, count, sizeBytes, slowEvery: 10 })
    const peakBytes = residentBytes(daemon.pid).peak
    console.log(
      `${count} parallel ${action}s of 20 MB: idle ${inMebibytes(idleBytes)}, peak ${inMebibytes(peakBytes)}, ` +
        `${inMebibytes(peakBytes - idleBytes)} above idle`,
    )
    aboveIdleBytes.push(peakBytes - idleBytes)
  }
  expect(Math.max(...aboveIdleBytes)).toBeLessThanOrEqual(aboveIdleBytesMax)

  async function load(orders: LoadOrders): Promise<void> {
    await run(process.execPath, [loadBundle, JSON.stringify(orders)])
  }
})

test('the table takes at most 18 bytes per name', async () => {
  const bundle = await bundleHelper('daemon-table-memory')
  for (const names of fullFaults ? [5_000_000, 7_000_000, 10_000_000] : [500_000]) {
    const { stdout } = await run(process.execPath, [...steadyHeap, bundle, String(names)])
    const memory = JSON.parse(stdout) as TableMemory
    const perName = (bytes: number) => bytes / names
    console.log(
      `table of ${names} names: ${perName(memory.tableBytes).toFixed(2)} bytes per name in its arrays, ` +
        `${perName(memory.arrayBufferBytes).toFixed(2)} in ArrayBuffers, ${perName(memory.residentBytes).toFixed(2)} resident; ` +
        `longest publish ${memory.longestPublishMs.toFixed(2)} ms, by processor time ${memory.longestPublishCpuMs.toFixed(2)} ms`,
    )
    expect(memory.names).toBe(names)
    expect(perName(memory.tableBytes)).toBeLessThanOrEqual(bytesPerNameMax)
    expect(perName(memory.arrayBufferBytes)).toBeLessThanOrEqual(bytesPerNameMax)
    expect(memory.residentBytes).toBeLessThanOrEqual(bytesPerNameMax * names + processNoiseBytes)
  }
})

function inMebibytes(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(0)} MiB`
}
