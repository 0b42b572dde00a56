// scan() with data beside `dd` over the same volumes, from disk and from memory.
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { storeDirectory } from '../data-sets.mjs'
import { distPath } from '../engine/build-parts.mjs'
import { interleave } from '../measure/interleave.mjs'
import { holdInMemory, listFiles } from '../measure/lock-pages.mjs'
import { dropCaches } from '../measure/memory.mjs'
import { compare } from '../report/row.mjs'
import { runProgram } from '../servers/child.mjs'

const scanTimeoutMs = 600_000
const workerPath = fileURLToPath(new URL('../engine/scan-worker.mjs', import.meta.url))

/** @type {import('../report/row.mjs').Row} */
export const scanRow = { key: 'scan', programs: ['vmtouch'], measure: measureScan }

async function measureScan(context) {
  const data = await storeDirectory(context)
  const volumes = listFiles(data, (name) => name.endsWith('.volume')).sort()
  const contenders = [
    { key: 'scan', read: () => scanAll(data, context.blobs) },
    { key: 'dd', read: () => readAll(volumes) },
  ]
  const cold = await interleave({
    contenders,
    rounds: context.runs,
    measure: ({ read }) => {
      dropCaches([data])
      return read()
    },
  })
  const memory = await holdInMemory({ work: context.work, files: volumes })
  const hot = await interleave({ contenders, rounds: context.runs, measure: ({ read }) => read() })
  await memory.release()
  const line = (work, runs) =>
    compare(
      { key: 'scan', work, unit: 'MB/s', field: 'megabytesPerSecond' },
      { ours: runs.get('scan'), theirs: runs.get('dd'), against: 'dd bs=4M of the same volumes' },
    )
  return [line('scan() with data, from disk', cold), line('scan() with data, from memory', hot)]
}

async function scanAll(data, blobs) {
  const args = [workerPath, distPath, data]
  const run = JSON.parse(await runProgram(process.execPath, args, { timeoutMs: scanTimeoutMs }))
  if (run.blobs !== blobs) throw new Error(`scan() gave ${run.blobs} of ${blobs} blobs`)
  return { ...run, megabytesPerSecond: run.bytes / run.seconds / 1e6 }
}

async function readAll(volumes) {
  const startedAtMs = performance.now()
  for (const volume of volumes)
    await runProgram('dd', [`if=${volume}`, 'of=/dev/null', 'bs=4M', 'status=none'], {
      timeoutMs: scanTimeoutMs,
    })
  const seconds = (performance.now() - startedAtMs) / 1000
  const bytes = volumes.reduce((sum, volume) => sum + statSync(volume).size, 0)
  return { bytes, seconds, megabytesPerSecond: bytes / seconds / 1e6 }
}
