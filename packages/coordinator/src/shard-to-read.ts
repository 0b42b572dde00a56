import { ClusterError, type Shard } from '@backpack/cluster-model'
import type { CoordinatorParts } from './parts.js'

/** Undefined when there is no such shard. Throws MODEL_MISSING while there are no shards at all, perhaps for not being read. */
export function shardToRead({ watch }: Pick<CoordinatorParts, 'watch'>, shardId: string): Shard | undefined {
  const { shards } = watch.snapshot
  if (shards.size === 0)
    throw new ClusterError('MODEL_MISSING', 'The cluster has no shards, or they cannot be read')
  return shards.get(shardId)
}
