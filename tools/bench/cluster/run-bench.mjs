// From arguments to a table, for the benchmarks of a whole cluster. A missed goal is a figure, not a failure.
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
import { parseOptions, usageOf } from './options.mjs'

/**
 * Sets the exit code.
 * @param {{ name: string, footnote: string,
 *   startSystem: (where: { work: string, say: (text: string) => void }) => Promise<object>,
 *   measure: (context: object) => Promise<object[]> }} bench `name`: of its script in package.json
 */
export async function runBench(bench) {
  try {
    process.exitCode = await run(bench, process.argv.slice(2))
  } catch (error) {
    sayError(error)
    process.exitCode = 1
  } finally {
    killChildren()
  }
}

async function run({ name, footnote, startSystem, measure }, args) {
  const options = readOptions(name, args)
  if (options.help) {
    process.stdout.write(`${usageOf(name)}\n`)
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
    for (const [fact, value] of Object.entries({ ...facts, ...options, blobBytes })) say(`${fact}: ${value}`)
    const lines = await measure({ ...options, work, system, say, pool: makeBodyPool() })
    if (options.json) process.stdout.write(`${JSON.stringify({ facts, options, lines }, undefined, 2)}\n`)
    else say(`\n${formatTable(lines)}\n\n${footnote}`)
    return 0
  } finally {
    await end()
  }
}

function readOptions(name, args) {
  try {
    return parseOptions(args)
  } catch (error) {
    throw new SetupError(error.message, usageOf(name), { cause: error })
  }
}
