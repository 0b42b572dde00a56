import { addressListSchema, initCluster } from '@backpack/cluster-model'
import { parseArguments, runCommand } from '@backpack/command-line'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { editOptions, editShape, runEdits } from '../run-edit.js'

const schema = z.object({
  key: z.string().min(1, 'must not be empty'),
  servers: addressListSchema,
  ...editShape,
})

export const initCommand: CommandModule = {
  command: 'init <servers>',
  describe: 'Make the maps of servers and shards and the queue, where they are missing',
  builder: (yargs) =>
    yargs
      .positional('servers', { type: 'string', describe: 'Redis servers of the queue, host:port,host:port' })
      .options({
        key: {
          type: 'string',
          default: 'backpack-queue',
          describe: "What the queue's keys in Redis begin with",
        },
        ...editOptions,
      })
      .example([
        ['$0 init one:13001,two:13002 --zookeeper one:2181', 'A new cluster below /backpack'],
        ['$0 init one:13001,two:13002 --dry-run', 'Only say what is missing'],
      ]),
  handler: (argv) =>
    runCommand((signal) => {
      const args = parseArguments(schema, argv)
      const request = { queueKey: args.key, queueServers: args.servers }
      return runEdits(args, signal, [(tree, options) => initCluster(tree, request, options)])
    }),
}
