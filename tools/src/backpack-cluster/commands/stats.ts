import { type ClusterSnapshot, readCluster } from '@backpack/cluster-model'
import {
  countOf,
  formatBytes,
  jsonOption,
  parseArguments,
  printJson,
  printLine,
  runCommand,
} from '@backpack/command-line'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { clusterShape, withCluster } from '../cluster-options.js'

const schema = z.object({ json: z.boolean(), ...clusterShape })

export const statsCommand: CommandModule = {
  command: 'stats',
  describe: 'Show the totals of the cluster',
  builder: (yargs) =>
    yargs.options(jsonOption).example([
      ['$0 stats', 'For people'],
      ['$0 stats --json', 'For machines'],
    ]),
  handler: (argv) =>
    runCommand(async () => {
      const { json, ...args } = parseArguments(schema, argv)
      const totals = totalsOf(await withCluster(args, readCluster))
      if (json) return printJson(totals)
      for (const line of describeTotals(totals)) printLine(line)
    }),
}

type Totals = ReturnType<typeof totalsOf>

/** `…Bytes` count each photo once; `diskBytes` with its copies. */
function totalsOf({ servers, shards, daemons }: ClusterSnapshot) {
  const all = [...shards.values()]
  const sum = (of: (shard: (typeof all)[number]) => number) =>
    all.reduce((total, shard) => total + of(shard), 0)
  const capacityBytes = sum((shard) => shard.capacityBytes ?? 0)
  const usedBytes = sum((shard) => shard.currentBytes)
  return {
    servers: servers.size,
    shards: all.length,
    writableShards: all.filter(({ readOnly }) => !readOnly).length,
    capacityBytes,
    usedBytes,
    availableBytes: sum((shard) => Math.max(0, (shard.capacityBytes ?? 0) - shard.currentBytes)),
    writableBytes: sum((shard) =>
      shard.readOnly ? 0 : Math.max(0, (shard.capacityBytes ?? 0) - shard.currentBytes),
    ),
    usedRatio: capacityBytes === 0 ? 0 : usedBytes / capacityBytes,
    diskBytes: sum((shard) => shard.currentBytes * shard.nodes.length),
    coordinators: daemons.filter(({ kind }) => kind === 'coordinator').length,
    replicators: daemons.filter(({ kind }) => kind === 'replicator').length,
  }
}

function describeTotals(totals: Totals): string[] {
  const percent = Math.round(totals.usedRatio * 100)
  return [
    `${countOf(totals.shards, 'shard')}, ${totals.writableShards} of them writable, on ${countOf(totals.servers, 'server')}`,
    `${formatBytes(totals.usedBytes)} of ${formatBytes(totals.capacityBytes)} used (${percent} %), ${formatBytes(totals.diskBytes)} with all copies`,
    `${formatBytes(totals.availableBytes)} free, ${formatBytes(totals.writableBytes)} of that in writable shards`,
    `${countOf(totals.coordinators, 'coordinator')} and ${countOf(totals.replicators, 'replicator')} registered`,
  ]
}
