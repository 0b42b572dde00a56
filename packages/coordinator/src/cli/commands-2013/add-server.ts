import { addServer } from '@backpack/cluster-model'
import { type CommandOf2013, printLine } from '@backpack/command-line'
import { clusterArguments, printWarnings, withCluster } from '../with-cluster.js'

export const addServerCommand: CommandOf2013 = {
  arguments: [...clusterArguments, '<id>', '<url>'],
  about: 'Registers a server; one that exists gets the new address.',
  example: 'one:2181 /backpack 1 http://one:10001',
  async run(args, signal) {
    const [, , id = '', url = ''] = args
    const report = await withCluster(args, (tree) =>
      addServer(tree, { id, url, ifExists: 'update' }, { signal }),
    )
    printWarnings(report)
    printLine(`Added ${url} as ${id}`)
  },
}
