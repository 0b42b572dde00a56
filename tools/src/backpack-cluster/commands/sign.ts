import {
  aclFlags,
  type ClusterSnapshot,
  idTextSchema,
  readCluster,
  type Shard,
} from '@backpack/cluster-model'
import {
  CliError,
  jsonOption,
  parseArguments,
  pathArgument,
  printJson,
  printLine,
  runCommand,
  showName,
  urlArgument,
  usageError,
} from '@backpack/command-line'
import { signLink } from '@backpack/coordinator/client'
import { Secret } from '@backpack/signing'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { type ClusterArguments, clusterShape, withCluster } from '../cluster-options.js'
import { nameOfInput, readInput } from '../read-input.js'

const tokenBytesMax = 4096
const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
const expiresDaysMax = 3650
const expiresMessage = `must be a time from now such as 30s, 15m, 1h or 7d, at most ${expiresDaysMax}d`

const expiresArgument = z
  .string(expiresMessage)
  .regex(/^[1-9]\d{0,8}[smhd]$/, expiresMessage)
  .transform((text) => Number(text.slice(0, -1)) * (secondsOf[text.slice(-1)] ?? 0))
  .refine((seconds) => seconds <= expiresDaysMax * 86_400, expiresMessage)

const schema = z.object({
  method: z
    .string()
    .toUpperCase()
    .pipe(z.enum(['GET', 'HEAD', 'PUT', 'POST']))
    .optional(),
  upload: z.boolean(),
  shard: idTextSchema.optional(),
  name: z.string('is missing').min(1, 'must not be empty'),
  user: z.string('is missing').min(1, 'must not be empty'),
  expires: expiresArgument,
  base: urlArgument.optional(),
  tokenFile: pathArgument.optional(),
  json: z.boolean(),
  ...clusterShape,
})

type SignArguments = z.output<typeof schema>

export const signCommand: CommandModule = {
  command: 'sign',
  describe: 'Print a link that lets whoever has it read or upload one photo for a while',
  builder: (yargs) =>
    yargs
      .options({
        method: {
          type: 'string',
          describe: 'GET, which is good for HEAD too; PUT or POST [GET; PUT with --upload]',
        },
        upload: { type: 'boolean', default: false, describe: 'A link for an upload' },
        shard: { type: 'string', describe: 'Its id; an upload without one goes where there is room' },
        name: { type: 'string', describe: 'Of the photo, as it is: nothing encoded' },
        user: { type: 'string', describe: "As the shard's ACL names him" },
        expires: { type: 'string', describe: 'From now: 30s, 15m, 1h, 7d' },
        base: { type: 'string', describe: 'What stands before it: https://photos.example.com' },
        'token-file': {
          type: 'string',
          describe:
            "A file that holds the user's token, - for standard input; else it is that of the shard's ACL",
        },
        ...jsonOption,
      })
      .example([
        ['$0 sign --shard 1 --name hi.txt --user u --expires 1h', 'To read /get/1/hi.txt'],
        ['$0 sign --upload --shard 1 --name hi.txt --user u --expires 15m', 'To upload it, by PUT'],
        [
          '$0 sign --shard 1 --name hi.txt --user u --expires 1h --token-file -',
          'Without asking the cluster',
        ],
      ]),
  handler: (argv) =>
    runCommand(async () => {
      const args = parseArguments(schema, argv)
      const { method, path } = targetOf(args)
      const token = await tokenFor(args, { writes: method !== 'GET' })
      const expiresAtSeconds = Math.floor(Date.now() / 1000) + args.expires
      const target = signLink({ method, path, user: args.user, expiresAtSeconds, token })
      const link = `${baseOf(args.base)}${target}`
      if (args.json) printJson({ method, link, expiresAt: new Date(expiresAtSeconds * 1000).toISOString() })
      else printLine(link)
    }),
}

/** What the link is for. HEAD has the signature of GET. */
function targetOf({ method, upload, shard, name }: SignArguments): { method: string; path: string } {
  const given = method ?? (upload ? 'PUT' : 'GET')
  const writes = given === 'PUT' || given === 'POST'
  if (upload && !writes) throw usageError(`method: an upload needs PUT or POST, not ${given}`)
  if (writes) {
    return {
      method: given,
      path: shard === undefined ? `/nobucket_upload/${name}` : `/upload/${shard}/${name}`,
    }
  }
  if (shard === undefined) throw usageError('shard: is missing; only an upload can do without')
  return { method: 'GET', path: `/get/${shard}/${name}` }
}

function baseOf(base: URL | undefined): string {
  if (base === undefined) return ''
  if (base.search !== '' || base.hash !== '') throw usageError('base: must end before ? and #')
  return base.href.replace(/\/$/, '')
}

async function tokenFor(args: SignArguments, right: { readonly writes: boolean }): Promise<Secret> {
  if (args.tokenFile !== undefined) return readToken(args.tokenFile)
  const cluster: ClusterArguments = args
  const snapshot = await withCluster(cluster, readCluster)
  return args.shard === undefined
    ? tokenOfAll(snapshot, args.user)
    : tokenOf(shardOf(snapshot, args.shard), args.user, right)
}

/** A token may have spaces: only the end of its line is left out. */
async function readToken(file: string): Promise<Secret> {
  const text = (await readInput(file, { bytesMax: tokenBytesMax + 2 })).replace(/\r?\n$/, '')
  if (text === '') throw new CliError(`${nameOfInput(file)} is empty: it must hold a token.`)
  return new Secret(text)
}

function shardOf({ shards }: ClusterSnapshot, id: string): Shard {
  const shard = shards.get(id)
  if (shard !== undefined) return shard
  const known = [...shards.keys()].join(',') || '(none)'
  throw new CliError(`There is no shard ${showName(id)}; there are ${known}.`)
}

/** A link that the gateway would refuse is not made. */
function tokenOf({ id, access }: Shard, user: string, { writes }: { readonly writes: boolean }): Secret {
  if (access === 'open') {
    throw new CliError(`Shard ${id} has no ACL: everybody may use it, without a signature.`)
  }
  if (access === 'closed') {
    throw new CliError(`The ACL of shard ${id} cannot be understood: nobody may use it.`, {
      advice: 'See: backpack-cluster bucket show',
    })
  }
  const entry = access.users.get(user)
  if (entry === undefined) throw new CliError(`The ACL of shard ${id} has no user ${showName(user)}.`)
  if (writes && (entry.flags & aclFlags.write) === 0) {
    throw new CliError(`User ${showName(user)} may not write to shard ${id}.`)
  }
  return entry.token
}

/** An upload may go to any shard that the user may write to: it must be the same token in all of them. */
function tokenOfAll({ shards }: ClusterSnapshot, user: string): Secret {
  const tokens = [...shards.values()].flatMap(({ access }) => {
    const entry = typeof access === 'string' ? undefined : access.users.get(user)
    return entry === undefined || (entry.flags & aclFlags.write) === 0 ? [] : [entry.token]
  })
  const [first] = tokens
  if (first === undefined) throw new CliError(`There is no shard whose ACL lets ${showName(user)} write.`)
  if (tokens.some((token) => token.reveal() !== first.reveal())) {
    throw new CliError(`User ${showName(user)} has different tokens in different shards.`, {
      advice: 'Give the shard with --shard, or the token with --token-file.',
    })
  }
  return first
}
