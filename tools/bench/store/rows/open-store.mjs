// Opening a store of five million blobs: locations rebuilt from the index logs alone.
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildEngineParts, distPath } from '../engine/build-parts.mjs'
import { writeIndexDirectory } from '../engine/index-directory.mjs'
import { median } from '../measure/interleave.mjs'
import { dropCaches, syncDisks } from '../measure/memory.mjs'
import { single } from '../report/row.mjs'
import { runProgram } from '../servers/child.mjs'

const blobCount = 5_000_000
const openTimeoutMs = 300_000
const workerPath = fileURLToPath(new URL('../engine/open-worker.mjs', import.meta.url))

/** @type {import('../report/row.mjs').Row} */
export const openRow = { key: 'open', programs: [], measure: measureOpen }

async function measureOpen(context) {
  const directory = await prepareDirectory(context)
  const warm = []
  const cold = []
  for (let round = 0; round < context.runs; round++) {
    dropCaches([directory])
    cold.push(await openOnce(directory))
    warm.push(await openOnce(directory))
  }
  const seconds = (runs) => median(runs.map((run) => run.seconds))
  const mebibytes = Math.round(Math.max(...cold.map((run) => run.maxRssBytes)) / 2 ** 20)
  return [
    single({
      key: 'open',
      work: 'open 5 M blobs from index logs, caches dropped',
      unit: 's',
      value: seconds(cold),
      goal: { most: 4 },
      notes: [`${median(cold.map((run) => run.cpuSeconds)).toFixed(1)} s CPU, ${mebibytes} MiB at most`],
    }),
    single({
      key: 'open',
      work: 'the same, logs in memory',
      unit: 's',
      value: seconds(warm),
      goal: { most: 4 },
    }),
  ]
}

async function prepareDirectory({ work, say }) {
  const directory = join(work, `index-${blobCount}`)
  if (existsSync(`${directory}.complete`)) return directory
  say(`• Writing index logs of ${blobCount} blobs`)
  rmSync(directory, { recursive: true, force: true })
  const parts = createRequire(import.meta.url)(await buildEngineParts(work))
  writeIndexDirectory({ parts, directory, count: blobCount })
  await openOnce(directory)
  syncDisks()
  writeFileSync(`${directory}.complete`, '')
  return directory
}

async function openOnce(directory) {
  const args = [workerPath, distPath, directory]
  const run = JSON.parse(await runProgram(process.execPath, args, { timeoutMs: openTimeoutMs }))
  if (run.names !== blobCount || run.adopted !== 0)
    throw new Error(`opened with ${run.names} names, ${run.adopted} of them not from the index logs`)
  return run
}
