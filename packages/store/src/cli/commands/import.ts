import {
  CliError,
  clusterSecretOption,
  jsonOption,
  parseArguments,
  pathArgument,
  quietOption,
  readClusterSecret,
  runCommand,
  urlArgument,
  usageError,
} from '@backpack/command-line'
import { realpath } from 'node:fs/promises'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { StoreError } from '../../errors.js'
import { DirectorySource } from '../../import/directory-source.js'
import { DataFiles2013 } from '../../import/from-2013/data-files.js'
import { LogSource2013 } from '../../import/from-2013/log-source.js'
import { RedisSource2013 } from '../../import/from-2013/redis-source.js'
import { connectionErrors, HttpTarget } from '../../import/http-target.js'
import type { ImportSource } from '../../import/import-source.js'
import type { ImportTarget } from '../../import/import-target.js'
import { importConcurrency } from '../../import/run-import.js'
import { StoreTarget } from '../../import/store-target.js'
import { importWithReport } from '../import-with-report.js'
import { redisAddressArgument } from '../key-map-options.js'
import { openWritable } from '../open-store.js'
import { isInside } from '../path-inside.js'

const schema = z.object({
  source: pathArgument.optional(),
  directory: pathArgument.optional(),
  url: urlArgument.optional(),
  prefix: z.string().optional(),
  from2013: pathArgument.optional(),
  redis: redisAddressArgument.optional(),
  keep: z.boolean(),
  verify: z.boolean(),
  report: pathArgument.optional(),
  clusterSecretFile: pathArgument.optional(),
  json: z.boolean(),
  quiet: z.boolean(),
})

export const importCommand: CommandModule = {
  command: 'import [source] [directory]',
  describe: 'Store a directory tree, or what a 2013 store holds',
  builder: (yargs) =>
    yargs
      .positional('source', { type: 'string', describe: 'The tree; a file is stored under its path in it' })
      .positional('directory', { type: 'string', describe: 'The data directory, made when it is missing' })
      .options({
        url: { type: 'string', describe: 'Upload to this running store instead: http://host:port/' },
        prefix: { type: 'string', describe: 'Put this before every name, such as photos/' },
        'from-2013': {
          type: 'string',
          describe: 'Import this data directory of a 2013 store, left as it is',
        },
        redis: {
          type: 'string',
          describe: 'With --from-2013: its Redis (host:port), only read; without it the newest records count',
        },
        keep: { type: 'boolean', default: false, describe: 'Leave names alone that are stored already' },
        verify: { type: 'boolean', default: false, describe: 'Then read every blob back and compare it' },
        report: { type: 'string', describe: 'Write a line of JSON per file here, with size and CRC-32' },
        ...clusterSecretOption,
        ...jsonOption,
        ...quietOption,
      })
      .example([
        ['$0 import ./photos ./data', 'Store ./photos/pets/1.jpg as pets/1.jpg, and so on'],
        ['$0 import ./photos --url http://127.0.0.1:10001/', 'The same while a daemon runs'],
        ['$0 import ./photos ./data --verify --report done.ndjson', 'Compare everything afterwards'],
        ['$0 import --from-2013 /var/backpack --redis 127.0.0.1:6379 ./data', 'Move from the 2013 store'],
      ])
      .epilogue(
        'An import may be interrupted and started again: what is stored already, with the same size and\nchecksum, is left alone. Links, special files and empty files are skipped. Exit code 1: something\nfailed, such as a file whose name is not valid UTF-8; everything else is stored.',
      ),
  handler: (argv) =>
    runCommand(async (signal) => {
      const args = parseArguments(schema, argv)
      const places = placesOf(args)
      await refuseNesting(places, args.report)
      const source = await openSource(places, args)
      try {
        const target = await openTarget(places, args)
        try {
          return await importWithReport({ ...args, report: args.report, source, target, signal })
        } catch (error) {
          throw explain(error, places.url)
        } finally {
          await target.close()
        }
      } finally {
        await source.close()
      }
    }),
}

const secretAdvice =
  'Give the secret that the store has with --cluster-secret-file, or in BACKPACK_CLUSTER_SECRET. The clocks must agree, too.'

type ImportArguments = z.output<typeof schema>

/** Where from and where to: `directory` unless `url` is given. */
interface Places {
  readonly from: string
  readonly is2013: boolean
  readonly directory: string | undefined
  readonly url: URL | undefined
}

/** With --from-2013 the only argument is the data directory. */
function placesOf({
  source,
  directory,
  from2013,
  url,
  redis,
  prefix,
  clusterSecretFile,
}: ImportArguments): Places {
  const is2013 = from2013 !== undefined
  const from = from2013 ?? source
  const to = is2013 ? source : directory
  if (from === undefined) throw usageError('source: a path is missing')
  if (is2013 && directory !== undefined)
    throw usageError('with --from-2013 there is one path: the data directory')
  if (is2013 && prefix !== undefined) throw usageError('prefix: not with --from-2013')
  if (!is2013 && redis !== undefined) throw usageError('redis: only with --from-2013')
  if (to === undefined && url === undefined) throw usageError('directory: say where to, or give --url')
  if (to !== undefined && url !== undefined) throw usageError('give a data directory or --url, not both')
  if (url === undefined && clusterSecretFile !== undefined)
    throw usageError('cluster-secret-file: only with --url')
  return { from, is2013, directory: to, url }
}

/** A store inside its own source would be imported into itself without end. */
async function refuseNesting({ from, directory }: Places, report: string | undefined): Promise<void> {
  const folder = await realpath(from)
  if (directory !== undefined && (await isInside(directory, folder))) {
    throw new CliError(`${directory} lies inside ${from}, and would be imported into itself.`)
  }
  if (report !== undefined && (await isInside(report, folder))) {
    throw new CliError(`${report} lies inside ${from}: write the report somewhere else.`)
  }
}

async function openSource(
  { from, is2013 }: Places,
  { prefix, redis }: ImportArguments,
): Promise<ImportSource> {
  if (!is2013) return new DirectorySource(from, { prefix })
  const files = await DataFiles2013.open(from)
  if (redis === undefined) return new LogSource2013(files)
  try {
    // Loaded only here: the client of Redis takes a tenth of a second.
    const { RedisIndex2013 } = await import('../../import/from-2013/redis-index.js')
    return new RedisSource2013(files, await RedisIndex2013.open(redis))
  } catch (error) {
    await files.close()
    throw error
  }
}

async function openTarget(
  { directory, url }: Places,
  { quiet, json, clusterSecretFile }: ImportArguments,
): Promise<ImportTarget> {
  if (url !== undefined) {
    const secret = await readClusterSecret(clusterSecretFile)
    return new HttpTarget(url, { connectionsMax: importConcurrency, secret })
  }
  try {
    return new StoreTarget(await openWritable(directory ?? '', { quiet: quiet || json }))
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'DIRECTORY_LOCKED') throw error
    throw new CliError(error.message, {
      advice:
        'To import through the daemon, give its address instead of the directory: --url http://host:port/',
      cause: error,
    })
  }
}

function explain(error: unknown, url: URL | undefined): unknown {
  if (url === undefined) return error
  const { code = '', message } = error as NodeJS.ErrnoException
  if (code === 'SIGNATURE_REQUIRED' || code === 'SIGNATURE_INVALID') {
    return new CliError(message, { advice: secretAdvice, cause: error })
  }
  if (!connectionErrors.has(code)) return error
  return new CliError(`${url.origin} cannot be reached: ${message}`, {
    advice: 'Start a store with `backpack serve <directory>`, or say with --url where one is.',
    cause: error,
  })
}
