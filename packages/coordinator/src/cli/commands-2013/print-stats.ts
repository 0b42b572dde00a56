import { type ClusterSnapshot, formatSize, readCluster, type Shard } from '@backpack/cluster-model'
import { type CommandOf2013, printLine } from '@backpack/command-line'
import { clusterArguments, printWarnings, withCluster } from '../with-cluster.js'

export const printStatsCommand: CommandOf2013 = {
  arguments: [...clusterArguments],
  about: 'Prints how full each shard is, and all of them together.',
  example: 'one:2181 /backpack',
  async run(args) {
    const snapshot = await withCluster(args, readCluster)
    printWarnings({ warnings: snapshot.problems })
    for (const line of describeUse(snapshot)) printLine(line)
  },
}

function describeUse({ shards }: ClusterSnapshot): string[] {
  const all = [...shards.values()]
  const usedBytes = all.reduce((sum, { currentBytes }) => sum + currentBytes, 0)
  const capacityBytes = all.reduce((sum, shard) => sum + (shard.capacityBytes ?? 0), 0)
  return ['Shards:', ...all.map(describeShard), `Overall: ${describeRatio(usedBytes, capacityBytes)}`]
}

function describeShard({ id, nodes, readOnly, capacityBytes, currentBytes }: Shard): string {
  const ids = nodes.map((node) => node.id).join(', ')
  return `${id} [${ids}]: ${describeRatio(currentBytes, capacityBytes ?? 0)} ${readOnly ? 'r' : 'rw'}`
}

function describeRatio(usedBytes: number, capacityBytes: number): string {
  const percent = capacityBytes === 0 ? 0 : Math.round((usedBytes / capacityBytes) * 100)
  return `${formatSize(usedBytes)} / ${formatSize(capacityBytes)} (${percent}%)`
}
