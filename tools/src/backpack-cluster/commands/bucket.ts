import {
  type ClusterSnapshot,
  formatSize,
  importBuckets,
  readCluster,
  type Shard,
} from '@backpack/cluster-model'
import {
  CliError,
  countOf,
  formatCount,
  formatTable,
  jsonOption,
  parseArguments,
  pathArgument,
  printJson,
  printLine,
  printNote,
  runCommand,
  showName,
  sizeArgument,
} from '@backpack/command-line'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { clusterShape, withCluster } from '../cluster-options.js'
import { commandGroup } from '../command-group.js'
import { accessWord, adminWord, describeAdmins, describeUsers, userRows } from '../describe-access.js'
import { nameOfInput, readInput } from '../read-input.js'
import { repeatedKeys } from '../repeated-keys.js'
import { editOptions, editShape, runEdits } from '../run-edit.js'

/** A znode of 1 MB for each of many shards. */
const bucketFileBytesMax = 256 * 2 ** 20

const importSchema = z.object({
  buckets: pathArgument,
  size: sizeArgument.optional(),
  update: z.boolean(),
  ...editShape,
})

const importCommand: CommandModule = {
  command: 'import <buckets>',
  describe: "Take over users and limits of shards from Backrunner's bucket file",
  builder: (yargs) =>
    yargs
      .positional('buckets', {
        type: 'string',
        describe: 'The file, or - for standard input; its groups are servers',
      })
      .options({
        size: {
          type: 'string',
          describe: 'Make the shards that are missing, of that size on each node: 100gb',
        },
        update: {
          type: 'boolean',
          default: false,
          describe:
            "Give shards the file's nodes where they have others, and replace ACLs that are unreadable",
        },
        ...editOptions,
      })
      .example([
        ['$0 bucket import buckets.json --dry-run', 'Only say what would be done'],
        [
          '$0 bucket import buckets.json --size 100gb',
          'With shards for new buckets, read-only until enabled',
        ],
        ['decrypt buckets | $0 bucket import -', 'Tokens need not be on a disk'],
      ]),
  handler: (argv) =>
    runCommand(async (signal) => {
      const { buckets, size, update, ...args } = parseArguments(importSchema, argv)
      const request = { file: await readJson(buckets), capacityBytes: size, update }
      return runEdits(args, signal, [(tree, options) => importBuckets(tree, request, options)])
    }),
}

/** What the parser would say quotes the text, tokens included. */
async function readJson(file: string): Promise<unknown> {
  const text = await readInput(file, { bytesMax: bucketFileBytesMax })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new CliError(`${nameOfInput(file)} is not valid JSON.`)
  }
  const repeated = repeatedKeys(text).map((sentence) => `${nameOfInput(file)}: ${showName(sentence)}`)
  if (repeated.length > 0) throw new CliError(repeated.join('\n'))
  return value
}

const showSchema = z.object({ buckets: z.array(z.string()).default([]), json: z.boolean(), ...clusterShape })

const showCommand: CommandModule = {
  command: 'show [buckets..]',
  describe: 'Show who may use which shard, its limits, and who may administer; tokens are masked',
  builder: (yargs) =>
    yargs
      .positional('buckets', { type: 'string', array: true, describe: 'Ids of shards; else all' })
      .options(jsonOption)
      .example([
        ['$0 bucket show', 'All of them'],
        ['$0 bucket show b1 --json', 'One, as one JSON object'],
      ]),
  handler: (argv) =>
    runCommand(async () => {
      const { buckets, json, ...args } = parseArguments(showSchema, argv)
      const snapshot = await withCluster(args, readCluster)
      const shards = shardsOf(snapshot, buckets)
      if (json) return printJson(describeBuckets(shards, snapshot))
      for (const problem of snapshot.problems) printNote(`Warning: ${showName(problem)}.`)
      for (const line of renderBuckets(shards, snapshot)) printLine(line)
    }),
}

function shardsOf({ shards }: ClusterSnapshot, ids: readonly string[]): Shard[] {
  if (ids.length === 0) return [...shards.values()]
  const unknown = ids.filter((id) => !shards.has(id))
  if (unknown.length > 0) {
    const known = [...shards.keys()].join(',') || '(none)'
    throw new CliError(`There is no bucket ${unknown.map(showName).join(',')}; there are ${known}.`)
  }
  return [...new Set(ids)].flatMap((id) => shards.get(id) ?? [])
}

function describeBuckets(shards: readonly Shard[], { adminAccess }: ClusterSnapshot) {
  return {
    buckets: shards.map(({ id, nodes, access, usedBytesMax, blobsMax }) => ({
      id,
      groups: nodes.map((node) => node.id),
      access: accessWord(access),
      acl: describeUsers(access),
      usedBytesMax: usedBytesMax ?? null,
      blobsMax: blobsMax ?? null,
    })),
    admin: { access: adminWord(adminAccess), acl: describeAdmins(adminAccess) },
  }
}

function renderBuckets(shards: readonly Shard[], { adminAccess }: ClusterSnapshot): string[] {
  const rows = shards.flatMap(({ id, nodes, access, usedBytesMax, blobsMax }) => {
    const limits = [
      usedBytesMax === undefined ? 'none' : formatSize(usedBytesMax),
      blobsMax === undefined ? 'none' : formatCount(blobsMax),
    ]
    const own = [id, nodes.map((node) => node.id).join(','), ...limits]
    return userRows(access, describeUsers(access), { open: 'everything, as everybody' }).map(
      (cells, index) => [...(index === 0 ? own : own.map(() => '')), ...cells],
    )
  })
  const admins = userRows(adminAccess, describeAdmins(adminAccess), {
    open: 'nobody through the gateway: there is no admin ACL',
  })
  return [
    ...formatTable(['bucket', 'groups', '>max size', '>max blobs', 'user', 'may', 'token'], rows),
    countOf(shards.length, 'bucket'),
    '',
    'Administration',
    ...formatTable(['user', 'may', 'token'], admins).map((line) => `  ${line}`),
  ]
}

export const bucketCommand = commandGroup({
  name: 'bucket',
  describe: 'Who may use which shard: import, show',
  commands: [importCommand, showCommand],
  example: [
    '$0 bucket import - < buckets.json',
    'Tokens come from the file or from standard input, never from arguments',
  ],
})
