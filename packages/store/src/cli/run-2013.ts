// The sibling commands of 2013: their arguments, their output.
import { add } from './commands-2013/add.js'
import type { CommandOf2013 } from './commands-2013/command-2013.js'
import { dumpLog } from './commands-2013/dump-log.js'
import { getFileInfo } from './commands-2013/get-file-info.js'
import { list } from './commands-2013/list.js'
import { restoreFromLog } from './commands-2013/restore-from-log.js'
import { upload } from './commands-2013/upload.js'
import { exitCodes } from './cli-error.js'
import { printLine, printNote } from './output.js'
import { runCommand } from './run-cli.js'

const commands = {
  add,
  upload,
  list,
  'dump-log': dumpLog,
  'get-file-info': getFileInfo,
  'restore-from-log': restoreFromLog,
} as const satisfies Record<string, CommandOf2013>

export type Command2013 = keyof typeof commands

/** Runs a command with `argv` (as process.argv) and sets the process's exit code: 1 with the usage, as in 2013. */
export async function runCommand2013(
  name: Command2013,
  argv: readonly string[],
  version: string,
): Promise<void> {
  const command: CommandOf2013 = commands[name]
  const args = argv.slice(2)
  if (args[0] === '--version') {
    printLine(version)
    return
  }
  const usage = `Usage: backpack-${name} ${command.arguments.join(' ')}`
  if (args[0] === '--help') {
    printLine([usage, '', command.about, '', `Example: backpack-${name} ${command.example}`].join('\n'))
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
