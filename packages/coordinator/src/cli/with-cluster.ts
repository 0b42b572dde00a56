// What the admin commands of 2013 share: the first two arguments, the tree behind them, where warnings go.
import { type ClusterTree, type EditReport, openTree } from '@backpack/cluster-model'
import { printNote } from '@backpack/command-line'

/** How the usage lines begin. */
export const clusterArguments = ['<zk_servers>', '</zk/root>'] as const

/** Gives the tree to `work` and closes it, and its session with it, whatever happens. */
export async function withCluster<Result>(
  [zookeeper = '', root = '']: readonly string[],
  work: (tree: ClusterTree) => Promise<Result>,
): Promise<Result> {
  const tree = await openTree({ zookeeper, root })
  try {
    return await work(tree)
  } finally {
    await tree.close()
  }
}

/** Standard output has only what the contract of 2013 says. */
export function printWarnings({ warnings }: Pick<EditReport, 'warnings'>): void {
  for (const warning of warnings) printNote(`Warning: ${warning}.`)
}
