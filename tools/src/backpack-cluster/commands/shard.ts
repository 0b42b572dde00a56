import { addShard, readCluster, resizeShard, setShardWritable, type Shard } from '@backpack/cluster-model'
import {
  countOf,
  formatBytes,
  formatTable,
  jsonOption,
  parseArguments,
  printJson,
  printLine,
  runCommand,
  sizeArgument,
} from '@backpack/command-line'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { clusterShape, withCluster } from '../cluster-options.js'
import { commandGroup } from '../command-group.js'
import { accessWord } from '../describe-access.js'
import { editOptions, editShape, runEdits } from '../run-edit.js'

const idPositional = { type: 'string', describe: 'Its id, the part before the colon in /1:cat.jpg' } as const
const idsPositional = { type: 'string', array: true, describe: 'Their ids' } as const
const sizePositional = { type: 'string', describe: 'Of each node: 100gb, 1.5tb' } as const

const addSchema = z.object({
  id: z.string(),
  nodes: z.string().transform((text) => text.split(',').filter((node) => node !== '')),
  size: sizeArgument,
  update: z.boolean(),
  ...editShape,
})

const addCommand: CommandModule = {
  command: 'add <id> <nodes> <size>',
  describe: 'Make a shard of servers; it is read-only until it is enabled',
  builder: (yargs) =>
    yargs
      .positional('id', idPositional)
      .positional('nodes', { type: 'string', describe: 'Ids of servers: 1,4' })
      .positional('size', sizePositional)
      .options({
        update: {
          type: 'boolean',
          default: false,
          describe: 'Give a shard that exists these nodes, and nothing else',
        },
        ...editOptions,
      })
      .example([
        ['$0 shard add 1 1,4 100gb', 'A new shard of two servers'],
        ['$0 shard add 1 1,5 100gb --update', 'Server 5 takes the place of 4'],
      ]),
  handler: (argv) =>
    runCommand((signal) => {
      const { id, nodes, size, update, ...args } = parseArguments(addSchema, argv)
      const request = { id, nodes, capacityBytes: size, ifExists: update ? 'update' : 'refuse' } as const
      return runEdits(args, signal, [(tree, options) => addShard(tree, request, options)])
    }),
}

const writableSchema = z.object({ ids: z.array(z.string()), ...editShape })

function writableCommand(name: 'enable' | 'disable', describe: string): CommandModule {
  return {
    command: `${name} <ids..>`,
    describe,
    builder: (yargs) =>
      yargs
        .positional('ids', idsPositional)
        .options(editOptions)
        .example([
          [`$0 shard ${name} 1`, 'One'],
          [`$0 shard ${name} 1 2 3 --dry-run`, 'Only say what would be done'],
        ]),
    handler: (argv) =>
      runCommand((signal) => {
        const { ids, ...args } = parseArguments(writableSchema, argv)
        const writable = name === 'enable'
        return runEdits(
          args,
          signal,
          ids.map((id) => (tree, options) => setShardWritable(tree, { id, writable }, options)),
        )
      }),
  }
}

const resizeSchema = z.object({ id: z.string(), size: sizeArgument, ...editShape })

const resizeCommand: CommandModule = {
  command: 'resize <id> <size>',
  describe: 'Change how much a shard may hold on each node',
  builder: (yargs) =>
    yargs
      .positional('id', idPositional)
      .positional('size', sizePositional)
      .options(editOptions)
      .example([
        ['$0 shard resize 1 1.5tb', 'Its disks have grown'],
        ['$0 shard resize 1 50gb --dry-run', 'Is that less than it holds?'],
      ]),
  handler: (argv) =>
    runCommand((signal) => {
      const { id, size, ...args } = parseArguments(resizeSchema, argv)
      const request = { id, capacityBytes: size }
      return runEdits(args, signal, [(tree, options) => resizeShard(tree, request, options)])
    }),
}

const listSchema = z.object({ json: z.boolean(), ...clusterShape })

const listCommand: CommandModule = {
  command: 'list',
  describe: 'Show all shards, their nodes and how full they are',
  builder: (yargs) =>
    yargs.options(jsonOption).example([
      ['$0 shard list', 'A table'],
      ['$0 shard list --json', 'One JSON array'],
    ]),
  handler: (argv) =>
    runCommand(async () => {
      const { json, ...args } = parseArguments(listSchema, argv)
      const { shards } = await withCluster(args, readCluster)
      const all = [...shards.values()]
      if (json) return printJson(all.map(describeShard))
      const headings = ['shard', 'state', 'access', '>used', '>size', 'nodes']
      for (const line of formatTable(headings, all.map(shardRow))) printLine(line)
      printLine(countOf(all.length, 'shard'))
    }),
}

function describeShard({ id, nodes, readOnly, access, capacityBytes, currentBytes }: Shard) {
  return {
    id,
    writable: !readOnly,
    access: accessWord(access),
    nodes,
    capacityBytes: capacityBytes ?? null,
    currentBytes,
  }
}

function shardRow({ id, nodes, readOnly, access, capacityBytes, currentBytes }: Shard): string[] {
  const size = capacityBytes === undefined ? 'unknown' : formatBytes(capacityBytes)
  const ids = nodes.map((node) => node.id).join(',')
  const state = readOnly ? 'read-only' : 'writable'
  return [id, state, accessWord(access), formatBytes(currentBytes), size, ids]
}

export const shardCommand = commandGroup({
  name: 'shard',
  describe: 'Shards: add, list, enable, disable, resize',
  commands: [
    addCommand,
    listCommand,
    writableCommand('enable', 'Let coordinators write to shards'),
    writableCommand('disable', 'Keep coordinators from writing to shards; they can still be read'),
    resizeCommand,
  ],
  example: ['$0 shard add 1 1,4 100gb', 'Make a shard of servers 1 and 4'],
})
