// yargs loses a lone `-` and takes arguments behind `--` for options when it fills positionals. So those are marked
// on the way in, with a character that no argument of a process can hold, and unmarked on the way out.

const mark = '\u0000'

/** The arguments for yargs: `-` and everything behind `--` marked where yargs would misread it. */
export function markDashes(args: readonly string[]): string[] {
  const separator = args.indexOf('--')
  const before = separator === -1 ? args : args.slice(0, separator)
  const behind = separator === -1 ? [] : args.slice(separator + 1)
  return [
    ...before.map((each) => (each === '-' ? mark + each : each)),
    ...behind.map((each) => (each.startsWith('-') ? mark + each : each)),
  ]
}

/** What yargs parsed, as the user meant it. */
export function unmarkDashes(argv: unknown): unknown {
  if (typeof argv === 'string') return argv.startsWith(mark) ? argv.slice(mark.length) : argv
  if (Array.isArray(argv)) return argv.map(unmarkDashes)
  if (typeof argv !== 'object' || argv === null) return argv
  return Object.fromEntries(Object.entries(argv).map(([key, value]) => [key, unmarkDashes(value)]))
}
