// Enabling and disabling are one edit.
import { setShardWritable } from '@backpack/cluster-model'
import { type CommandOf2013, printLine } from '@backpack/command-line'
import { clusterArguments, printWarnings, withCluster } from '../with-cluster.js'

export const enableShardCommand = command({
  writable: true,
  about: 'Lets coordinators write to a shard.',
  say: (id) => `Enabled shard ${id} for writing`,
})

export const disableShardCommand = command({
  writable: false,
  about: 'Keeps coordinators from writing to a shard; it can still be read.',
  say: (id) => `Shard ${id} is read-only now`,
})

function command({
  writable,
  about,
  say,
}: {
  writable: boolean
  about: string
  say: (id: string) => string
}): CommandOf2013 {
  return {
    arguments: [...clusterArguments, '<id>'],
    about,
    example: 'one:2181 /backpack 1',
    async run(args, signal) {
      const [, , id = ''] = args
      const report = await withCluster(args, (tree) => setShardWritable(tree, { id, writable }, { signal }))
      printWarnings(report)
      printLine(say(id))
    },
  }
}
