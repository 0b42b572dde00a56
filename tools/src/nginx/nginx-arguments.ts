// The command line of `backpack-cluster nginx`: its options, and what they mean together.
import { pathArgument, sizeArgument, usageError, wholeNumberArgument } from '@backpack/command-line'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import {
  addressArgument,
  listenArgument,
  type NginxOptions,
  type NginxTier,
  nginxTiers,
  quotablePath,
  serverNameArgument,
} from './nginx-options.js'

const debianModule = '/usr/lib/nginx/modules/ngx_http_image_filter_module.so'
const systemCache = '/var/cache/backpack'
const validSecondsMax = 30 * 24 * 3600

const tierGroup = 'Which configuration:'
const placeGroup = 'Where nginx has its things:'
const outputGroup = 'What becomes of it:'

export const nginxOptions = {
  tier: {
    choices: nginxTiers,
    default: 'storage',
    group: tierGroup,
    describe: 'frontend → cache → resizer → storage; storage alone serves photos too',
  },
  listen: {
    type: 'string',
    default: '8080',
    group: tierGroup,
    describe: 'Ports or addresses, such as 80,[::]:80',
  },
  'server-name': {
    type: 'string',
    group: tierGroup,
    describe: 'Host names to serve, a,b; other hosts get 421',
  },
  caches: { type: 'string', group: tierGroup, describe: 'For the frontend: host:port,host:port' },
  resizers: { type: 'string', group: tierGroup, describe: 'For the cache: host:port,…; else --storage' },
  storage: { type: 'string', group: tierGroup, describe: 'Storage edges, for the resizer or the cache' },
  'cache-size': { type: 'string', default: '10gb', group: tierGroup, describe: 'Of the cache on disk' },
  'cache-valid-seconds': {
    type: 'string',
    default: '600',
    group: tierGroup,
    describe: 'So late an overwritten or deleted photo is noticed by the cache',
  },
  'cache-dir': {
    type: 'string',
    group: placeGroup,
    describe: `The cache [cache in --work-dir, else ${systemCache}]`,
  },
  'work-dir': {
    type: 'string',
    group: placeGroup,
    describe: "pid, logs, temporary files, for nginx without root [nginx's own places]",
  },
  'pid-file': { type: 'string', group: placeGroup, describe: 'The pid [nginx.pid in --work-dir]' },
  'image-filter-module': {
    type: 'string',
    default: debianModule,
    group: placeGroup,
    describe: 'For the resizer; none when it is compiled in',
  },
  output: { type: 'string', group: outputGroup, describe: 'The file to write [standard output]' },
  check: { type: 'boolean', default: false, group: outputGroup, describe: 'Only what `nginx -t` finds fine' },
  watch: {
    type: 'boolean',
    default: false,
    group: outputGroup,
    describe: 'Write --output again and reload nginx when the model changes',
  },
  'reload-command': {
    type: 'string',
    group: outputGroup,
    describe: 'Instead of nginx -s reload, such as "systemctl reload nginx"',
  },
} as const

function listOf<Item extends z.ZodType<unknown, string>>(item: Item) {
  return z
    .string()
    .optional()
    .transform((text) => (text === undefined ? [] : text.split(',').map((part) => part.trim())))
    .pipe(z.array(item).max(1_000))
}

const absolutePath = pathArgument.transform((path) => resolve(path)).pipe(quotablePath)

/** To be spread into the schema of the command. */
export const nginxShape = {
  tier: z.enum(nginxTiers),
  listen: listOf(listenArgument),
  serverName: listOf(serverNameArgument),
  caches: listOf(addressArgument),
  resizers: listOf(addressArgument),
  storage: listOf(addressArgument),
  cacheSize: sizeArgument,
  cacheValidSeconds: wholeNumberArgument({ min: 1, max: validSecondsMax }),
  cacheDir: absolutePath.optional(),
  workDir: absolutePath.optional(),
  pidFile: absolutePath.optional(),
  imageFilterModule: quotablePath,
  output: pathArgument.transform((path) => resolve(path)).optional(),
  check: z.boolean(),
  watch: z.boolean(),
  reloadCommand: z.string().min(1, 'is empty').optional(),
}

const schema = z.object(nginxShape)

export type NginxArguments = z.output<typeof schema>

/** Which addresses each tier takes; the first of them it needs, or any where several are named. */
const behind: Readonly<Record<NginxTier, readonly ('caches' | 'resizers' | 'storage')[]>> = {
  frontend: ['caches'],
  cache: ['resizers', 'storage'],
  resizer: ['storage'],
  storage: [],
}

/** Throws CliError for options that do not go together. */
export function toNginxOptions(args: NginxArguments): NginxOptions {
  refuseContradictions(args)
  const { tier, listen, serverName, caches, resizers, storage, workDir } = args
  return {
    tier,
    listen,
    serverNames: serverName,
    caches,
    resizers,
    storage,
    cacheDirectory: args.cacheDir ?? (workDir === undefined ? systemCache : join(workDir, 'cache')),
    cacheSizeBytes: args.cacheSize,
    cacheValidSeconds: args.cacheValidSeconds,
    workDirectory: workDir,
    pidFile: args.pidFile,
    imageFilterModule: args.imageFilterModule === 'none' ? undefined : args.imageFilterModule,
  }
}

function refuseContradictions(args: NginxArguments): void {
  const { tier, watch, output, reloadCommand } = args
  const problems: string[] = []
  const wanted = behind[tier]
  if (wanted.length > 0 && wanted.every((option) => args[option].length === 0)) {
    const options = wanted.map((option) => `--${option}`).join(' or ')
    problems.push(`The tier ${tier} needs ${options} host:port,host:port.`)
  }
  for (const option of ['caches', 'resizers', 'storage'] as const) {
    if (args[option].length > 0 && !wanted.includes(option)) {
      problems.push(`The tier ${tier} has no use for --${option}.`)
    }
  }
  if (watch && output === undefined) problems.push('--watch needs --output, the file to keep up to date.')
  if (watch && tier !== 'storage') {
    problems.push('Only the tier storage is made from the model: there is nothing to --watch for the others.')
  }
  if (reloadCommand !== undefined && !watch) problems.push('--reload-command is for --watch.')
  if (problems.length > 0) throw usageError(problems.join('\n'))
}
