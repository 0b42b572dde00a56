import { type ClusterSnapshot, readCluster } from '@backpack/cluster-model'
import { type CommandOf2013, printLine } from '@backpack/command-line'
import { clusterArguments, printWarnings, withCluster } from '../with-cluster.js'

const indent = 4

export const dumpShardsCommand: CommandOf2013 = {
  arguments: [...clusterArguments],
  about: 'Prints the shards and their nodes as JSON.',
  example: 'one:2181 /backpack',
  async run(args) {
    const snapshot = await withCluster(args, readCluster)
    printWarnings({ warnings: snapshot.problems })
    printLine(JSON.stringify(describeShards(snapshot), undefined, indent))
  },
}

/** Ports are strings, as in the tree. */
function describeShards({ shards }: ClusterSnapshot): object {
  return Object.fromEntries(
    [...shards.values()].map(({ id, readOnly, nodes }) => {
      const byId = nodes.map((node) => [node.id, { host: node.host, port: String(node.port) }])
      return [id, { enabled: !readOnly, nodes: Object.fromEntries(byId) as object }]
    }),
  )
}
