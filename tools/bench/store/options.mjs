// The arguments of `npm run bench:store -- …`.
import { parseArgs } from 'node:util'

export const usage = `Usage: npm run bench:store -- [options]
  --only ROWS       some rows only, such as hot,cold,put (all: {rows})
  --blobs N         blobs per system, 20 KB each (200000)
  --runs N          rounds; a figure is the median over them (5)
  --seconds N       length of one run (8)
  --directory DIR   work here and keep the data for the next time (a temporary directory, removed at the end)
  --json            print JSON with every run instead of the table`

const defaults = { blobs: '200000', runs: '5', seconds: '8' }

/** Throws TypeError with a message for the reader. */
export function parseOptions(args, rowKeys) {
  const { values } = parseArgs({
    args,
    strict: true,
    options: {
      only: { type: 'string', default: rowKeys.join(',') },
      blobs: { type: 'string', default: defaults.blobs },
      runs: { type: 'string', default: defaults.runs },
      seconds: { type: 'string', default: defaults.seconds },
      directory: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const only = values.only.split(',').map((key) => key.trim())
  const unknown = only.filter((key) => !rowKeys.includes(key))
  if (unknown.length > 0)
    throw new TypeError(`--only: no row ${unknown.join(', ')}; rows are ${rowKeys.join(', ')}`)
  return {
    only,
    blobs: wholeNumber(values, 'blobs', { min: 2_000, max: 9_999_999 }),
    runs: wholeNumber(values, 'runs', { min: 1, max: 40 }),
    seconds: wholeNumber(values, 'seconds', { min: 1, max: 60 }),
    directory: values.directory,
    json: values.json,
    help: values.help,
  }
}

function wholeNumber(values, name, { min, max }) {
  const number = Number(values[name])
  if (!Number.isInteger(number) || number < min || number > max)
    throw new TypeError(`--${name}: a whole number from ${min} to ${max} is needed, not ${values[name]}`)
  return number
}
