import { addressListSchema, setQueue } from '@backpack/cluster-model'
import { type CommandOf2013, parseArguments, printLine } from '@backpack/command-line'
import { z } from 'zod'
import { clusterArguments, printWarnings, withCluster } from '../with-cluster.js'

const schema = z.object({ key: z.string().min(1, 'must not be empty'), redisServers: addressListSchema })

export const setQueueCommand: CommandOf2013 = {
  arguments: [...clusterArguments, '<key>', '<host:port,host:port>'],
  about: 'Says where the replication queue is.',
  example: 'one:2181 /backpack backpack-queue one:13001,two:13002',
  async run(args, signal) {
    const { key, redisServers } = parseArguments(schema, { key: args[2], redisServers: args[3] })
    const report = await withCluster(args, (tree) =>
      setQueue(tree, { key, servers: redisServers }, { signal }),
    )
    printWarnings(report)
    printLine('Queue info updated!')
  },
}
