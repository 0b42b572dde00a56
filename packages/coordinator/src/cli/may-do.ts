// What everybody may do who reaches the port of the 2013 API, in words: shards with an ACL ask who it is.
import type { Shard } from '@backpack/cluster-model'

/** Goes on from `whoever reaches it`. */
export function mayDo(shards: readonly Pick<Shard, 'access'>[]): string {
  const open = shards.filter(({ access }) => access === 'open').length
  // Without any shard it is what they can do with the first one.
  if (open === shards.length) return 'can read, add and delete every photo'
  if (open === 0) return 'can see what the cluster is made of; its shards ask for signatures'
  return `can read, add and delete every photo of ${open} of ${shards.length} shards: they have no ACL`
}
