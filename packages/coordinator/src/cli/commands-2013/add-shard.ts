import { addShard } from '@backpack/cluster-model'
import { type CommandOf2013, parseArguments, printLine, sizeArgument } from '@backpack/command-line'
import { z } from 'zod'
import { clusterArguments, printWarnings, withCluster } from '../with-cluster.js'

const schema = z.object({ size: sizeArgument })

export const addShardCommand: CommandOf2013 = {
  arguments: [...clusterArguments, '<id>', '<node,node>', '<size such as 100gb>'],
  about: 'Makes a shard, read-only until it is enabled; one that exists only gets its nodes changed.',
  example: 'one:2181 /backpack 1 1,4 100gb',
  async run(args, signal) {
    const [, , id = '', nodes = '', size = ''] = args
    const { size: capacityBytes } = parseArguments(schema, { size })
    const request = { id, nodes: nodes.split(','), capacityBytes, ifExists: 'update' } as const
    const report = await withCluster(args, (tree) => addShard(tree, request, { signal }))
    printWarnings(report)
    printLine(`Made shard ${id} of size ${size} that consist of nodes ${nodes}`)
  },
}
