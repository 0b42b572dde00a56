import { addServer, readCluster, removeServer } from '@backpack/cluster-model'
import {
  countOf,
  formatTable,
  jsonOption,
  parseArguments,
  printJson,
  printLine,
  runCommand,
} from '@backpack/command-line'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { clusterShape, withCluster } from '../cluster-options.js'
import { commandGroup } from '../command-group.js'
import { editOptions, editShape, runEdits } from '../run-edit.js'

const addSchema = z.object({ id: z.string(), url: z.string(), update: z.boolean(), ...editShape })

const addCommand: CommandModule = {
  command: 'add <id> <url>',
  describe: 'Register a server: a store and where it listens',
  builder: (yargs) =>
    yargs
      .positional('id', { type: 'string', describe: '1 to 32 letters, digits, - or _' })
      .positional('url', { type: 'string', describe: 'Such as http://one:10001' })
      .options({
        update: { type: 'boolean', default: false, describe: 'Give a server that exists this address' },
        ...editOptions,
      })
      .example([
        ['$0 server add 1 http://one:10001', 'A new server'],
        ['$0 server add 1 http://three:10001 --update', 'It has moved'],
      ]),
  handler: (argv) =>
    runCommand((signal) => {
      const { id, url, update, ...args } = parseArguments(addSchema, argv)
      const request = { id, url, ifExists: update ? 'update' : 'refuse' } as const
      return runEdits(args, signal, [(tree, options) => addServer(tree, request, options)])
    }),
}

const removeSchema = z.object({ ids: z.array(z.string()), ...editShape })

const removeCommand: CommandModule = {
  command: 'remove <ids..>',
  describe: 'Forget servers that are in no shard',
  builder: (yargs) =>
    yargs
      .positional('ids', { type: 'string', array: true, describe: 'Their ids' })
      .options(editOptions)
      .example([
        ['$0 server remove 7', 'One'],
        ['$0 server remove 7 8 --dry-run', 'Would two be let go?'],
      ]),
  handler: (argv) =>
    runCommand((signal) => {
      const { ids, ...args } = parseArguments(removeSchema, argv)
      return runEdits(
        args,
        signal,
        ids.map((id) => (tree, options) => removeServer(tree, { id }, options)),
      )
    }),
}

const listSchema = z.object({ json: z.boolean(), ...clusterShape })

const listCommand: CommandModule = {
  command: 'list',
  describe: 'Show all servers and the shards they are in',
  builder: (yargs) =>
    yargs.options(jsonOption).example([
      ['$0 server list', 'A table'],
      ['$0 server list --json', 'One JSON array'],
    ]),
  handler: (argv) =>
    runCommand(async () => {
      const { json, ...args } = parseArguments(listSchema, argv)
      const { servers, shards } = await withCluster(args, readCluster)
      const rows = [...servers.values()].map(({ id, host, port, url }) => {
        const shard = [...shards.values()].find(({ nodes }) => nodes.some((node) => node.id === id))
        return { id, host, port, url, shard: shard?.id ?? null }
      })
      if (json) return printJson(rows)
      const cells = rows.map(({ id, url, shard }) => [id, url, shard ?? 'none'])
      for (const line of formatTable(['server', 'address', 'shard'], cells)) printLine(line)
      printLine(countOf(rows.length, 'server'))
    }),
}

export const serverCommand = commandGroup({
  name: 'server',
  describe: 'Servers: add, list, remove',
  commands: [addCommand, listCommand, removeCommand],
  example: ['$0 server add 1 http://one:10001', 'Register a server'],
})
