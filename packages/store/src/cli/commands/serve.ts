import {
  listenPortArgument,
  parseArguments,
  pathArgument,
  readClusterSecret,
  readSecretFile,
  runCommand,
  sizeArgument,
  usageError,
  wholeNumberArgument,
} from '@backpack/command-line'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { blobBytesMax } from '../../needle/needle-format.js'
import { keyMapArguments, keyMapOf, keyMapOptions } from '../key-map-options.js'

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const schema = z.object({
  directory: pathArgument,
  host: z.string().min(1, 'must be an address or host name'),
  port: listenPortArgument,
  durability: z.enum(['sync', 'os'], 'must be sync or os'),
  reserveBytes: sizeArgument.optional(),
  batchBlobsMax: wholeNumberArgument({ min: 1, max: 4096 }).optional(),
  blobBytesMax: sizeArgument
    .refine((sizeBytes) => sizeBytes >= 1 && sizeBytes <= blobBytesMax, 'must be from 1 to 1gb')
    .optional(),
  clusterSecretFile: pathArgument.optional(),
  redirectTokenFile: pathArgument.optional(),
  refuseUnsignedReads: z.boolean(),
  logLevel: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`),
  ...keyMapArguments,
})

export const serveCommand: CommandModule = {
  command: 'serve <directory>',
  describe: 'Serve a data directory over HTTP; it is made when missing',
  builder: (yargs) =>
    yargs
      .positional('directory', { type: 'string', describe: 'The data directory' })
      .options({
        host: { type: 'string', default: '127.0.0.1', describe: 'Listen at this address' },
        port: { type: 'string', default: '10001', describe: 'Listen on this port; 0 takes a free one' },
        durability: {
          type: 'string',
          default: 'sync',
          describe: 'Answer a PUT once it survives a power cut (sync), or once the system has it (os)',
        },
        ...keyMapOptions,
        'reserve-bytes': {
          type: 'string',
          describe: 'Keep so much of the disk free (10gb, 1.5tb); default: 3.5gb and 2 % of the disk',
        },
        'batch-blobs-max': {
          type: 'string',
          describe: 'At most so many blobs share one write and sync; default: 1024',
        },
        'blob-bytes-max': { type: 'string', describe: 'Refuse blobs larger than this; default: 1gb' },
        'cluster-secret-file': {
          type: 'string',
          describe:
            'Take writes only when they are signed with the secret in this file; default: BACKPACK_CLUSTER_SECRET',
        },
        'redirect-token-file': {
          type: 'string',
          describe: 'Serve links that a gateway signed with the token in this file',
        },
        'refuse-unsigned-reads': {
          type: 'boolean',
          default: false,
          describe:
            'Serve blobs only to signed requests and links; needs a cluster secret or a redirect token',
        },
        'log-level': {
          type: 'string',
          default: 'info',
          describe: `Log to standard output from this level on: ${logLevels.join(', ')}`,
        },
      })
      .example([
        ['$0 serve ./data', 'Serve ./data on http://127.0.0.1:10001/'],
        ['$0 serve ./data --host 0.0.0.0 --port 80', 'Serve everybody who can reach this machine'],
        ['$0 serve ./data --reserve-bytes 10gb', 'Stop taking blobs while 10 GB of the disk are free'],
        [
          '$0 serve ./data --host 10.0.0.5 --cluster-secret-file /etc/backpack/secret',
          'Take writes from daemons of the cluster only',
        ],
        ['$0 serve ./data --redis 127.0.0.1:6379', 'Keep the key map in Redis, as in 2013'],
      ]),
  handler: (argv) =>
    runCommand(async (signal) => {
      const { redis, redisPrefix, clusterSecretFile, redirectTokenFile, ...options } = parseArguments(
        schema,
        argv,
      )
      const access = {
        clusterSecret: await readClusterSecret(clusterSecretFile),
        redirectToken: await readSecretFile(redirectTokenFile, 'redirect token'),
      }
      if (
        options.refuseUnsignedReads &&
        access.clusterSecret === undefined &&
        access.redirectToken === undefined
      ) {
        throw usageError(
          'refuse-unsigned-reads: needs --cluster-secret-file or --redirect-token-file: else nobody could read',
        )
      }
      // fastify and pino take a while to load; no other command needs them.
      const { runDaemon } = await import('../run-daemon.js')
      const keyMap = keyMapOf({ redis, redisPrefix })
      return runDaemon({ ...options, ...access, clusterSecretFile, keyMap }, signal)
    }),
}
