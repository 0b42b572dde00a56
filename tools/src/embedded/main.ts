// What `npm start` runs: the command line around the embedded cluster.
import {
  CliError,
  clusterSecretOption,
  exitCodes,
  isReachable,
  listenPortArgument,
  parseArguments,
  pathArgument,
  printNote,
  readClusterSecret,
  runCommand,
  sizeArgument,
} from '@backpack/command-line'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import yargs from 'yargs'
import { z } from 'zod'
import { type EmbeddedCluster, type EmbeddedOptions, startEmbedded } from './embedded-cluster.js'

const schema = z.object({
  directory: pathArgument,
  host: z.string().min(1),
  port: listenPortArgument,
  storePort: listenPortArgument,
  capacity: sizeArgument.optional(),
  durability: z.enum(['sync', 'os']),
  clusterSecretFile: pathArgument.optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
})

/** Runs with `argv` (as process.argv) and sets the process's exit code. */
export async function runEmbedded(argv: readonly string[]): Promise<void> {
  const cli = yargs(argv.slice(2))
    .scriptName('npm start --')
    .locale('en')
    .command(
      '$0 [directory]',
      'A whole cluster in one process: two stores, coordinator, replicator.',
      (command) =>
        command
          .positional('directory', {
            type: 'string',
            default: './data',
            describe: 'Where everything is kept',
          })
          .options({
            host: { type: 'string', default: '127.0.0.1', describe: 'Address the coordinator listens on' },
            port: {
              type: 'string',
              default: '12001',
              describe: "The coordinator's port; 0 picks a free one",
            },
            'store-port': {
              type: 'string',
              default: '12011',
              describe: "The first store's port, the second takes the next; 0 picks free ones",
            },
            capacity: { type: 'string', describe: 'Of the shard when it is made, such as 100gb' },
            durability: {
              choices: ['sync', 'os'],
              default: 'sync',
              describe: 'An upload answered survives a power cut (sync) or a kill (os)',
            },
            ...clusterSecretOption,
            'log-level': {
              choices: schema.shape.logLevel.options,
              default: 'warn',
              describe: 'JSON log on stdout',
            },
          })
          .example([
            ['$0', 'On ./data, at http://127.0.0.1:12001/'],
            ['$0 /var/photos --port 80 --host 0.0.0.0', 'Elsewhere, for everybody'],
          ]),
      (given) => runCommand((signal) => serve(parseArguments(schema, given), signal)),
    )
    .strict()
    .parserConfiguration({ 'parse-numbers': false, 'parse-positional-numbers': false })
    .version(false)
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail(false)
  try {
    await cli.parseAsync()
  } catch (error) {
    printNote((error as Error).message)
    printNote('See: npm start -- --help')
    process.exitCode = exitCodes.usage
  }
}

async function serve(
  { directory, logLevel, capacity, clusterSecretFile, ...settings }: z.output<typeof schema>,
  signal: AbortSignal,
): Promise<number> {
  refuseSingleStore(directory)
  const clusterSecret = await readClusterSecret(clusterSecretFile)
  const log = pino({ level: logLevel })
  const onFatal = (error: Error) => {
    log.fatal({ err: error }, 'a store cannot go on')
    printNote(`A store cannot go on and everything stops: ${error.message}`)
    process.exit(exitCodes.internal)
  }
  const cluster = await start({
    directory,
    capacityBytes: capacity,
    clusterSecret,
    log,
    onFatal,
    ...settings,
  })
  announce(cluster, { directory, host: settings.host })
  if (isReachable(settings.host)) {
    printNote(`Warning: whoever reaches ${settings.host} on this port can read, add and delete every photo.`)
  }
  if (!signal.aborted) await once(signal, 'abort')
  await cluster.close()
  return exitCodes.done
}

async function start(options: EmbeddedOptions): Promise<EmbeddedCluster> {
  try {
    return await startEmbedded(options)
  } catch (cause) {
    const { code, port } = cause as NodeJS.ErrnoException & { port?: number }
    if (code !== 'EADDRINUSE') throw cause
    throw new CliError(`Port ${port ?? options.port} is in use by another program.`, {
      advice:
        'Stop that one (`ss -ltnp` shows it), or choose others: npm start -- --port 12101 --store-port 12111',
      cause,
    })
  }
}

/** Until the cluster was built, `npm start` kept one store right in ./data: its photos must not seem to be gone. */
function refuseSingleStore(directory: string): void {
  if (!existsSync(join(directory, 'store.json'))) return
  throw new CliError(`${directory} is a single store, and not a cluster.`, {
    advice: [
      `Serve it as it is:   npx backpack serve ${directory}`,
      `or make it the first node of a cluster:   mv ${directory} ${directory}-old && mkdir ${directory} && mv ${directory}-old ${join(directory, 'store-1')}`,
    ].join('\n'),
  })
}

function announce(
  { url, storeUrls, queuedAtStart }: EmbeddedCluster,
  { directory, host }: { directory: string; host: string },
): void {
  const everywhere = host === '0.0.0.0' || host === '::'
  const near = everywhere ? `http://127.0.0.1:${new URL(url).port || '80'}/` : url
  printNote(`Serving ${directory} at ${url} (one shard on two stores: ${storeUrls.join(' ')})`)
  if (queuedAtStart > 0) printNote(`Copies still to be made from before: ${queuedAtStart}`)
  printNote(`Try it: curl -X PUT --data 'hello' '${near}hello.txt' && curl '${near}1:hello.txt'`)
  printNote('Ctrl-C stops it.')
}
