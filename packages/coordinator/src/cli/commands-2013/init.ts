import { addressListSchema, initCluster } from '@backpack/cluster-model'
import { type CommandOf2013, parseArguments, printLine } from '@backpack/command-line'
import { z } from 'zod'
import { clusterArguments, printWarnings, withCluster } from '../with-cluster.js'

const schema = z.object({ queueKey: z.string().min(1, 'must not be empty'), redisServers: addressListSchema })

export const initCommand: CommandOf2013 = {
  arguments: [...clusterArguments, '<queue_key>', '<redis1:port,redis2:port>'],
  about: 'Makes the maps of servers and shards, and the queue, where they are missing.',
  example: 'one:2181 /backpack backpack-queue one:13001,two:13002',
  async run(args, signal) {
    const { queueKey, redisServers } = parseArguments(schema, { queueKey: args[2], redisServers: args[3] })
    const report = await withCluster(args, (tree) =>
      initCluster(tree, { queueKey, queueServers: redisServers }, { signal }),
    )
    printWarnings(report)
    for (const line of report.done) printLine(line)
  },
}
