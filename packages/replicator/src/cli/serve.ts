// `backpack-replicator`: the arguments of 2013, and options for what came since.
import {
  clusterSecretOption,
  exitCodes,
  listenPortArgument,
  markDashes,
  parseArguments,
  pathArgument,
  printLine,
  printNote,
  readClusterSecret,
  runCommand,
  sizeArgument,
  wholeNumberArgument,
} from '@backpack/command-line'
import yargs from 'yargs'
import { z } from 'zod'
import { durationArgument } from './duration-argument.js'

const explanation = `Copies what was uploaded to the other nodes of its shard, and repairs nodes.

  zk_servers   ZooKeeper: host:port, or several with commas between
  /zk/root     Where in its tree the cluster is described
  concurrency  Tasks at once; default: 16`
const usage = 'Usage: backpack-replicator <zk_servers> </zk/root> [concurrency] [options]'
const positionals = { min: 2, max: 3 }
const concurrencyMax = 256
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const widthMax = 100

const schema = z.object({
  zkServers: z.string().min(1, 'must be host:port, or several with commas between'),
  zkRoot: z.string().startsWith('/', 'must begin with a slash'),
  concurrency: wholeNumberArgument({ min: 1, max: concurrencyMax }).optional(),
  bandwidth: sizeArgument.refine((sizeBytes) => sizeBytes > 0, 'must be more than 0').optional(),
  host: z.string().min(1, 'must be an address or host name'),
  port: listenPortArgument.optional(),
  repairEvery: durationArgument.optional(),
  clusterSecretFile: pathArgument.optional(),
  logLevel: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`),
})

export type ServeArguments = z.output<typeof schema>

/** Runs the daemon with `argv` (as process.argv) until a signal, and sets the process's exit code. */
export async function runServe(argv: readonly string[], version: string): Promise<void> {
  const cli = commandLine(argv.slice(2)).version(version)
  let parsed: Awaited<ReturnType<typeof cli.parseAsync>>
  try {
    parsed = await cli.parseAsync()
  } catch (error) {
    // yargs reports what is wrong with the options only this way.
    printNote((error as Error).message)
    printNote('See: backpack-replicator --help')
    process.exitCode = exitCodes.usage
    return
  }
  // yargs has printed what was asked for.
  if (parsed['help'] === true || parsed['version'] === true) return
  const given = parsed._.map(String)
  if (given.length < positionals.min || given.length > positionals.max) {
    if (given.length > 0) printNote(`${positionals.min} arguments are needed, ${given.length} are given.`)
    printLine(usage)
    process.exitCode = exitCodes.failed
    return
  }
  await runCommand(async (signal) => {
    const [zkServers, zkRoot, concurrency] = given
    const { bandwidth, host, port, repairEvery, clusterSecretFile, logLevel } = parsed
    const checked = parseArguments(schema, {
      ...{ zkServers, zkRoot, concurrency, bandwidth, host, port, repairEvery },
      ...{ clusterSecretFile, logLevel },
    })
    const clusterSecret = await readClusterSecret(checked.clusterSecretFile)
    const { serveUntil } = await import('./run-daemon.js')
    return serveUntil({ ...checked, clusterSecret }, signal)
  })
}

function commandLine(args: readonly string[]) {
  return yargs(markDashes(args))
    .scriptName('backpack-replicator')
    .locale('en')
    .usage(`${usage}\n\n${explanation}`)
    .options({
      bandwidth: { type: 'string', describe: 'Copy so much per second at most (20mb); default: no limit' },
      port: { type: 'string', describe: 'Serve /-/metrics, /-/live and /-/ready on this port' },
      host: { type: 'string', default: '127.0.0.1', describe: 'Serve them at this address' },
      'repair-every': {
        type: 'string',
        describe: 'Compare the nodes of every shard this often (30m, 6h, never); default: 6h',
      },
      ...clusterSecretOption,
      'log-level': {
        type: 'string',
        default: 'warn',
        describe: `Log to standard output from this level on: ${logLevels.join(', ')}`,
      },
    })
    .strictOptions()
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'dot-notation': false,
    })
    .help()
    .alias('h', 'help')
    .example([
      ['$0 one:2181 /backpack', 'Work off the queue of the cluster at /backpack'],
      ['$0 one:2181,two:2181 /backpack 32', 'With 32 tasks at once instead of 16'],
      ['$0 one:2181 /backpack --bandwidth 20mb', 'Leave the rest of the line to others'],
    ])
    .epilogue('Exit codes: 0 stopped by a signal; 1 failed, standard error says why; 2 a wrong option.')
    .wrap(Math.min(widthMax, process.stdout.columns ?? widthMax))
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail(false)
}
