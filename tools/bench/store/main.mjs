// `npm run bench:store`: measures the store beside nginx and the 2013 package and prints a table of ratios. A missed
// goal is a figure, not a failure; the exit code is 1 only when a row could not be measured.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { sayError } from '../../setup/console.mjs'
import { SetupError } from '../../setup/setup-error.mjs'
import { blobBytes, makeBodyPool } from './blobs.mjs'
import { fileSystemType, loadAverage, machineFacts } from './measure/machine-facts.mjs'
import { parseOptions, usage } from './options.mjs'
import { ensurePrograms } from './programs.mjs'
import { formatTable } from './report/table.mjs'
import { rows } from './rows/all-rows.mjs'
import { killChildren } from './servers/child.mjs'

const footnote = `ours, theirs: medians over the runs; ratio: median of the ratios of each round (A B A B …), ours / theirs.
CPU is user and system time of the server's processes from /proc, divided by requests.`
const rowKeys = rows.map(({ key }) => key)

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
    process.stdout.write(`${usage.replace('{rows}', rowKeys.join(','))}\n`)
    return 0
  }
  const say = (text) => (options.json ? process.stderr : process.stdout).write(`${text}\n`)
  const chosen = rows.filter(({ key }) => options.only.includes(key))
  await ensurePrograms([...new Set(chosen.flatMap(({ programs }) => programs))], say)
  const work = makeWorkFolder(options.directory)
  endOnSignals(() => removeWorkFolder(work, options.directory))
  try {
    const facts = { ...machineFacts(work), loadAverage: loadAverage() }
    const settings = { blobs: options.blobs, blobBytes, runs: options.runs, seconds: options.seconds }
    say(
      Object.entries({ ...facts, ...settings })
        .map(([name, value]) => `${name}: ${value}`)
        .join('\n'),
    )
    const context = { work, pool: makeBodyPool(), say, ...settings }
    const { lines, failures } = await measureRows(chosen, context)
    if (options.json)
      process.stdout.write(`${JSON.stringify({ facts, settings, lines, failures }, undefined, 2)}\n`)
    else say(`\n${formatTable(lines)}\n\n${footnote}`)
    return failures.length === 0 ? 0 : 1
  } finally {
    removeWorkFolder(work, options.directory)
  }
}

async function measureRows(chosen, context) {
  const lines = []
  const failures = []
  for (const { key, measure } of chosen) {
    context.say(`\n• ${key}`)
    try {
      const measured = await measure(context)
      lines.push(...measured)
      context.say(formatTable(measured))
    } catch (error) {
      failures.push({ key, reason: String(error.message ?? error) })
      context.say(`✗ ${key} could not be measured: ${error.stack ?? error}`)
    }
  }
  return { lines, failures }
}

function readOptions(args) {
  try {
    return parseOptions(args, rowKeys)
  } catch (error) {
    throw new SetupError(error.message, usage.replace('{rows}', rowKeys.join(',')), { cause: error })
  }
}

function makeWorkFolder(directory) {
  if (directory !== undefined) mkdirSync(directory, { recursive: true })
  const work = directory === undefined ? mkdtempSync(join(tmpdir(), 'backpack-bench-')) : resolve(directory)
  const type = fileSystemType(work)
  if (type !== 'tmpfs') return work
  removeWorkFolder(work, directory)
  throw new SetupError(
    `${work} is in memory (tmpfs): there would be no disk to measure.`,
    'Name a folder on a disk with --directory.',
  )
}

function removeWorkFolder(work, directory) {
  if (directory === undefined) rmSync(work, { recursive: true, force: true })
}

function endOnSignals(cleanUp) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      killChildren()
      cleanUp()
      process.exit(130)
    })
  }
}
