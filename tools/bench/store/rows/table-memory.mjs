// Memory of the embedded key map per blob, and how long the growth of its segments holds everybody up.
import { fileURLToPath } from 'node:url'
import { buildEngineParts } from '../engine/build-parts.mjs'
import { median } from '../measure/interleave.mjs'
import { single } from '../report/row.mjs'
import { runProgram } from '../servers/child.mjs'

const counts = [5_000_000, 7_000_000, 10_000_000]
const timeoutMs = 300_000
const workerPath = fileURLToPath(new URL('../engine/table-worker.mjs', import.meta.url))

/** @type {import('../report/row.mjs').Row} */
export const tableRow = { key: 'table', programs: [], measure: measureTable }

async function measureTable(context) {
  const bundle = await buildEngineParts(context.work)
  const args = ['--expose-gc', workerPath, bundle, ...counts.map(String)]
  const runs = []
  for (let round = 0; round < context.runs; round++)
    runs.push(JSON.parse(await runProgram(process.execPath, args, { timeoutMs })))
  const lines = counts.map((count, at) => {
    const held = median(runs.map((run) => run[at].heldBytes))
    return single({
      key: 'table',
      work: `key map at ${count / 1e6} M names`,
      unit: 'B/blob',
      value: median(runs.map((run) => run[at].tableBytes)),
      goal: { most: 18 },
      notes: [`whole process, heap and buffers: ${held.toFixed(1)} B/blob`],
    })
  })
  const pauses = runs.map((run) => run.at(-1).pauseMs)
  const pause = single({
    key: 'table',
    work: 'key map, longest publication up to 10 M names',
    unit: 'ms',
    value: median(pauses),
    goal: { most: 20 },
    notes: [
      `growth and collections, without waiting for a core; ${pauses.map((ms) => ms.toFixed(1)).join(', ')} ms`,
    ],
  })
  return [...lines, pause]
}
