// `backpack`: finds the subcommand and lets it run.
import { exitCodes, markDashes, printNote, showName } from '@backpack/command-line'
import yargs from 'yargs'
import { checkCommand } from './commands/check.js'
import { dumpIndexCommand } from './commands/dump-index.js'
import { exportCommand } from './commands/export.js'
import { getCommand } from './commands/get.js'
import { importCommand } from './commands/import.js'
import { infoCommand } from './commands/info.js'
import { listCommand } from './commands/list.js'
import { rebuildCommand } from './commands/rebuild.js'
import { serveCommand } from './commands/serve.js'
import { uploadCommand } from './commands/upload.js'
import { volumesCommand } from './commands/volumes.js'
import { fromArgumentsOf2013 } from './serve-2013.js'

const commands = [
  serveCommand,
  uploadCommand,
  getCommand,
  listCommand,
  infoCommand,
  volumesCommand,
  dumpIndexCommand,
  checkCommand,
  rebuildCommand,
  importCommand,
  exportCommand,
]
const commandNames = commands.map(({ command }) => String(command).split(' ')[0] ?? '')
const widthMax = 100

const epilogue = [
  'As in 2013: backpack <path> <listen host> <listen port> [redis host] [redis port]',
  '',
  'Exit codes: 0 done; 1 failed, standard error says why; 2 the command line is wrong;',
  '70 a fault of Backpack, or the store cannot go on; 130 and 143 interrupted; 141 the reader',
  'of standard output went away.',
].join('\n')

/** Runs the command line of `argv` (as process.argv) and sets the process's exit code. */
export async function runBackpack(argv: readonly string[], version: string): Promise<void> {
  const args = markDashes(fromArgumentsOf2013(argv.slice(2), commandNames))
  const cli = yargs(args)
    .scriptName('backpack')
    .locale('en')
    .usage('$0 <command>\n\nStores photos and other small files, and serves them over HTTP.')
    .command(commands)
    .demandCommand(1, 'A command is missing.')
    .strict()
    .recommendCommands()
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'dot-notation': false,
    })
    .version(version)
    .help()
    .alias('h', 'help')
    .example([
      ['$0 serve ./data', 'Serve ./data on http://127.0.0.1:10001/'],
      ['$0 upload *.jpg', 'Upload photos to it'],
      ['$0 get cat.jpg --output cat.jpg', 'Get one back'],
    ])
    .epilogue(epilogue)
    .wrap(Math.min(widthMax, process.stdout.columns ?? widthMax))
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail(false)
  if (args.length === 0) {
    cli.showHelp('error')
    process.exitCode = exitCodes.failed
    return
  }
  try {
    await cli.parseAsync()
  } catch (error) {
    // Commands report their own errors: this one is of yargs, about the command line.
    printNote((error as Error).message)
    explainUsage(args[0] ?? '')
    process.exitCode = exitCodes.usage
  }
}

function explainUsage(given: string): void {
  const usage = commands.map(({ command }) => String(command)).find((each) => each.split(' ')[0] === given)
  if (usage !== undefined) printNote(`Usage: backpack ${usage} [options]`)
  else if (!given.startsWith('-')) printNote(`There is no command ${showName(given)}.`)
  printNote(`See: backpack ${usage === undefined ? '' : `${given} `}--help`)
}
