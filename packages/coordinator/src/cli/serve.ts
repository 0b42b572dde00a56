// `backpack-coordinator`: the arguments of 2013, and options for what came since.
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
  wholeNumberArgument,
} from '@backpack/command-line'
import yargs from 'yargs'
import { z } from 'zod'

const explanation = `Takes uploads for a cluster of stores, and serves its photos over HTTP.

  zk_servers   ZooKeeper: host:port, or several with commas between
  /zk/root     Where in its tree the cluster is described
  listen_host  The address to listen at: 127.0.0.1 for this machine only, 0.0.0.0 for all
  listen_port  The port to listen on; 0 takes a free one
  statsd_host  Report to statsd there; its port is 8125 unless it is given`
const usage =
  'Usage: backpack-coordinator <zk_servers> </zk/root> <listen_host> <listen_port> [statsd_host[:8125]] [options]'
const positionals = { min: 4, max: 5 }
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const widthMax = 100
const statsdPort = 8125

const statsdArgument = z
  .string()
  .regex(/^([^:]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?$/, 'must be a host, or host:port')
  .transform((text) => {
    const [, host = '', port] = /^(.+?)(?::(\d+))?$/.exec(text) ?? []
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? statsdPort) }
  })
  .refine(({ port }) => port >= 1 && port <= 65_535, 'must have a port from 1 to 65535')

const schema = z.object({
  zkServers: z.string().min(1, 'must be host:port, or several with commas between'),
  zkRoot: z.string().startsWith('/', 'must begin with a slash'),
  listenHost: z.string().min(1, 'must be an address or host name'),
  listenPort: listenPortArgument,
  statsd: statsdArgument.optional(),
  copies: wholeNumberArgument({ min: 1, max: 100 }),
  spool: z.string().min(1, 'must be a directory').optional(),
  config: z.string().min(1, 'must be a file').optional(),
  clusterSecretFile: pathArgument.optional(),
  logLevel: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`),
})

export type ServeArguments = z.output<typeof schema>

/** Runs the daemon with `argv` (as process.argv) until a signal, and sets the process's exit code. */
export async function runServe(argv: readonly string[], version: string): Promise<void> {
  const args = markDashes(argv.slice(2))
  const cli = yargs(args)
    .scriptName('backpack-coordinator')
    .locale('en')
    .usage(`${usage}\n\n${explanation}`)
    .options({
      copies: { type: 'string', default: '1', describe: 'Answer an upload when so many copies are made' },
      spool: { type: 'string', describe: 'Receive uploads above 1 MiB in this directory; default: /var/tmp' },
      config: { type: 'string', describe: 'Serve the gateway too, as this YAML or JSON file says' },
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
    .version(version)
    .help()
    .alias('h', 'help')
    .example([
      ['$0 one:2181 /backpack 127.0.0.1 12001', 'Serve the cluster at /backpack'],
      ['$0 one:2181,two:2181 /backpack one 12001 stats', 'Report to statsd at stats:8125 too'],
      ['$0 one:2181 /backpack one 12001 --copies 2', 'Wait for two copies of every upload'],
      ['$0 one:2181 /backpack one 12001 --config /etc/backpack.yaml', 'Serve the gateway too'],
    ])
    .epilogue('Exit codes: 0 stopped by a signal; 1 failed, standard error says why; 2 a wrong option.')
    .wrap(Math.min(widthMax, process.stdout.columns ?? widthMax))
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail(false)
  let parsed: Awaited<ReturnType<typeof cli.parseAsync>>
  try {
    parsed = await cli.parseAsync()
  } catch (error) {
    printNote((error as Error).message)
    printNote('See: backpack-coordinator --help')
    process.exitCode = exitCodes.usage
    return
  }
  // yargs has printed what was asked for.
  if (parsed['help'] === true || parsed['version'] === true) return
  const given = parsed._.map(String)
  if (given.length < positionals.min || given.length > positionals.max) {
    if (given.length > 0)
      printNote(`${positionals.min} or ${positionals.max} arguments are needed, ${given.length} are given.`)
    printLine(usage)
    process.exitCode = exitCodes.failed
    return
  }
  await runCommand(async (signal) => {
    const [zkServers, zkRoot, listenHost, listenPort, statsd] = given
    const { copies, spool, config, clusterSecretFile, logLevel } = parsed
    const checked = parseArguments(schema, {
      zkServers,
      zkRoot,
      listenHost,
      listenPort,
      statsd,
      copies,
      spool,
      config,
      clusterSecretFile,
      logLevel,
    })
    const clusterSecret = await readClusterSecret(checked.clusterSecretFile)
    const { runDaemon } = await import('./run-daemon.js')
    return runDaemon({ ...checked, clusterSecret }, signal)
  })
}
