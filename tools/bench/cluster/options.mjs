// The arguments of `npm run bench:cluster -- …` and `npm run bench:gateway -- …`.
import { parseArgs } from 'node:util'

const numbers = {
  blobs: { default: '20000', min: 1_000, max: 900_000 },
  runs: { default: '5', min: 1, max: 40 },
  seconds: { default: '8', min: 1, max: 60 },
  connections: { default: '32', min: 1, max: 512 },
}

/** @param {string} name of the script */
export function usageOf(name) {
  return `Usage: npm run ${name} -- [options]
  --blobs N         blobs that are read, 20 KB each (20000)
  --runs N          rounds; a figure is the median over them (5)
  --seconds N       length of one run (8)
  --connections N   of the load generator (32)
  --json            print JSON with every run instead of the table`
}

/** Throws TypeError with a message for the reader. */
export function parseOptions(args) {
  const options = Object.fromEntries(
    Object.entries(numbers).map(([name, { default: fallback }]) => [
      name,
      { type: 'string', default: fallback },
    ]),
  )
  const { values } = parseArgs({
    args,
    strict: true,
    options: {
      ...options,
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const parsed = { json: values.json, help: values.help }
  for (const [name, { min, max }] of Object.entries(numbers)) {
    const number = Number(values[name])
    if (!Number.isInteger(number) || number < min || number > max)
      throw new TypeError(`--${name}: a whole number from ${min} to ${max} is needed, not ${values[name]}`)
    parsed[name] = number
  }
  return parsed
}
