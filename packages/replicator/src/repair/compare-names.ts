// Which of the listed nodes lacks what, and who has it: of each name the newest needle wins, in the order in which
// every store decides (version, tombstone, checksum). Pure.
import { pathOfName, type Task } from '@backpack/cluster-model'
import type { ListedNeedle } from './digest-lines.js'

/** A node's needles by name. */
export type Listing = ReadonlyMap<string, ListedNeedle>

/** One task for each node and name that must change, in the order of the names as they were listed. */
export function* compareNames(
  shard: string,
  listings: ReadonlyMap<string, Listing>,
): Generator<Task, void, undefined> {
  const compared = new Set<string>()
  for (const listing of listings.values()) {
    for (const name of listing.keys()) {
      if (compared.has(name)) continue
      compared.add(name)
      yield* tasksFor(shard, name, listings)
    }
  }
}

function tasksFor(shard: string, name: string, listings: ReadonlyMap<string, Listing>): Task[] {
  let winner: ListedNeedle | undefined
  for (const listing of listings.values()) {
    const needle = listing.get(name)
    if (needle !== undefined && (winner === undefined || compareNeedles(needle, winner) > 0)) winner = needle
  }
  if (winner === undefined) return []
  const from: string[] = []
  const lacking: string[] = []
  for (const [nodeId, listing] of listings) {
    const needle = listing.get(name)
    const has = needle !== undefined && compareNeedles(needle, winner) === 0
    if (has) from.push(nodeId)
    else lacking.push(nodeId)
  }
  const { version, tombstone } = winner
  const op = tombstone ? 'delete' : 'copy'
  return lacking.map((to) => ({ op, shard, path: pathOfName(name), version, from, to }))
}

/** Greater than 0 when `a` wins. Fixed numbers of hex digits sort like the numbers. */
export function compareNeedles(a: ListedNeedle, b: ListedNeedle): number {
  if (a.version !== b.version) return a.version > b.version ? 1 : -1
  if (a.tombstone !== b.tombstone) return a.tombstone ? 1 : -1
  if (a.checksum === b.checksum) return 0
  return a.checksum > b.checksum ? 1 : -1
}
