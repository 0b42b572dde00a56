// The sibling commands of 2013: their arguments, their output.
import { type CommandOf2013, runCommandOf2013 } from '@backpack/command-line'
import { add } from './commands-2013/add.js'
import { dumpLog } from './commands-2013/dump-log.js'
import { getFileInfo } from './commands-2013/get-file-info.js'
import { list } from './commands-2013/list.js'
import { restoreFromLog } from './commands-2013/restore-from-log.js'
import { upload } from './commands-2013/upload.js'

const commands = {
  add,
  upload,
  list,
  'dump-log': dumpLog,
  'get-file-info': getFileInfo,
  'restore-from-log': restoreFromLog,
} as const satisfies Record<string, CommandOf2013>

export type Command2013 = keyof typeof commands

/** Runs a command with `argv` (as process.argv) and sets the process's exit code. */
export function runCommand2013(name: Command2013, argv: readonly string[], version: string): Promise<void> {
  return runCommandOf2013(`backpack-${name}`, commands[name], { argv, version })
}
