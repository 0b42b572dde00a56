// `npm run bench:cluster`: PUT and GET through the coordinator beside the same straight to a store and through a bare
// proxy, with real ZooKeeper, Redis and replicator at work. Prints a table; a missed goal is a figure, not a failure.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sayError } from '../../setup/console.mjs'
import { SetupError } from '../../setup/setup-error.mjs'
import { blobBytes, makeBodyPool } from '../store/blobs.mjs'
import { loadAverage, machineFacts } from '../store/measure/machine-facts.mjs'
import { ensurePrograms } from '../store/programs.mjs'
import { formatTable } from '../store/report/table.mjs'
import { killChildren } from '../store/servers/child.mjs'
import { parseOptions, usage } from './options.mjs'
import { measureGets, measurePuts } from './rows.mjs'
import { startSystem } from './system.mjs'

const footnote = `ours: through the coordinator; medians over the runs; ratio: median of the ratios of each round (A B C A B C …).
CPU is user and system time of the process in front (coordinator, proxy or store) by /proc, divided by requests.`

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  sayError(error)
  process.exitCode = 1
} finally {
  killChildren()
}

async function main(args) {
  const options = readOptions(args)
  if (options.help) {
    process.stdout.write(`${usage}\n`)
    return 0
  }
  const say = (text) => (options.json ? process.stderr : process.stdout).write(`${text}\n`)
  await ensurePrograms(['wrk', 'redis-server'], say)
  const work = mkdtempSync(join(tmpdir(), 'backpack-bench-'))
  const system = await startSystem({ work, say })
  const end = async () => {
    await system.stop()
    rmSync(work, { recursive: true, force: true })
  }
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => void end().then(() => process.exit(130)))
  try {
    const facts = { ...machineFacts(work), loadAverage: loadAverage() }
    for (const [name, value] of Object.entries({ ...facts, ...options, blobBytes })) say(`${name}: ${value}`)
    const context = { ...options, work, system, say, pool: makeBodyPool() }
    const lines = [...(await measurePuts(context)), ...(await measureGets(context))]
    if (options.json) process.stdout.write(`${JSON.stringify({ facts, options, lines }, undefined, 2)}\n`)
    else say(`\n${formatTable(lines)}\n\n${footnote}`)
    return 0
  } finally {
    await end()
  }
}

function readOptions(args) {
  try {
    return parseOptions(args)
  } catch (error) {
    throw new SetupError(error.message, usage, { cause: error })
  }
}
