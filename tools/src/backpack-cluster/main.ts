// `backpack-cluster`: finds the subcommand and lets it run.
import { exitCodes, markDashes, printNote, showName } from '@backpack/command-line'
import { readFileSync } from 'node:fs'
import yargs from 'yargs'
import { nginxCommand } from '../nginx/nginx-command.js'
import { clusterOptions } from './cluster-options.js'
import { bucketCommand } from './commands/bucket.js'
import { initCommand } from './commands/init.js'
import { queueCommand } from './commands/queue.js'
import { serverCommand } from './commands/server.js'
import { shardCommand } from './commands/shard.js'
import { signCommand } from './commands/sign.js'
import { statsCommand } from './commands/stats.js'
import { statusCommand } from './commands/status.js'
import { whyCommand } from './commands/why.js'

const commands = [
  initCommand,
  serverCommand,
  shardCommand,
  bucketCommand,
  signCommand,
  queueCommand,
  statusCommand,
  statsCommand,
  whyCommand,
  nginxCommand,
]
const widthMax = 100

const epilogue = [
  'Exit codes: 0 done; 1 failed or refused, standard error says why; 2 the command line is wrong;',
  '70 a fault of Backpack; 130 and 143 interrupted; 141 the reader of standard output went away.',
].join('\n')

/** Runs the command line of `argv` (as process.argv) and sets the process's exit code. */
export async function runBackpackCluster(argv: readonly string[]): Promise<void> {
  const args = markDashes(argv.slice(2))
  const cli = yargs(args)
    .scriptName('backpack-cluster')
    .locale('en')
    .usage('$0 <command>\n\nDescribes a Backpack cluster: its servers, shards and queue.')
    .options(clusterOptions)
    .command(commands)
    .demandCommand(1, 'A command is missing.')
    .strict()
    .recommendCommands()
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'dot-notation': false,
    })
    .version(packageVersion())
    .help()
    .alias('h', 'help')
    .example([
      ['$0 status --zookeeper one:2181 --root /backpack', 'The whole cluster on one screen'],
      ['$0 server add 1 http://one:10001', 'With BACKPACK_ZOOKEEPER set; or on ./data'],
      ['$0 shard add 1 1,4 100gb', 'A shard of servers 1 and 4'],
      ['$0 shard enable 1', 'Let it take photos'],
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
    explainUsage(args)
    process.exitCode = exitCodes.usage
  }
}

function explainUsage(args: readonly string[]): void {
  const [given = '', next = ''] = args
  const known = commands.some(({ command }) => String(command).split(' ')[0] === given)
  if (!known) {
    if (!given.startsWith('-')) printNote(`There is no command ${showName(given)}.`)
    printNote('See: backpack-cluster --help')
    return
  }
  const grouped = [serverCommand, shardCommand, bucketCommand, queueCommand].some(({ command }) => {
    return command === given
  })
  const path = grouped && /^[a-z]+$/.test(next) ? `${given} ${next}` : given
  printNote(`See: backpack-cluster ${path} --help`)
}

/** This file stands two folders below the package's root, in src as in dist. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
