// The frame of the commands of 2013: positional arguments only, no options but --help and --version.
import { exitCodes } from './cli-error.js'
import { printLine, printNote } from './output.js'
import { runCommand } from './run-command.js'

export interface CommandOf2013 {
  /** Arguments as the usage line shows them: <needed> or [optional], in order. */
  readonly arguments: readonly string[]
  readonly about: string
  /** The arguments of an example. */
  readonly example: string
  /** Gives the exit code, 0 when it gives nothing. There are at least as many arguments as are needed. */
  run(args: readonly string[], signal: AbortSignal): Promise<number | void>
}

/**
 * Runs the command `bin` with `argv` (as process.argv) and sets the process's exit code: without the arguments that
 * are needed 1, with the usage on standard output, as in 2013.
 */
export async function runCommandOf2013(
  bin: string,
  command: CommandOf2013,
  { argv, version }: { argv: readonly string[]; version: string },
): Promise<void> {
  const args = argv.slice(2)
  if (args[0] === '--version') {
    printLine(version)
    return
  }
  const usage = `Usage: ${bin} ${command.arguments.join(' ')}`
  if (args[0] === '--help') {
    printLine([usage, '', command.about, '', `Example: ${bin} ${command.example}`].join('\n'))
    return
  }
  const needed = command.arguments.filter((each) => each.startsWith('<')).length
  if (args.length < needed || args.length > command.arguments.length) {
    if (args.length > 0) printNote(`${needed} arguments are needed, ${args.length} are given.`)
    printLine(usage)
    process.exitCode = exitCodes.failed
    return
  }
  await runCommand((signal) => command.run(args, signal))
}
