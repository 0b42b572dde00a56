// Which store stands on which server, and which stores make a shard. Pure.

const storesPerServer = 3

export interface ClusterLayout {
  /** Ids of the stores of each server: [[1, 2, 3], [4, 5, 6]]. */
  readonly storesOfServers: readonly (readonly number[])[]
  /** Ids of the stores of each shard, one on each server: { '1': [1, 4], '2': [2, 5], '3': [3, 6] }. */
  readonly shards: Readonly<Record<string, readonly number[]>>
}

/** With two servers the cluster of the 2013 README, with three that of the talk: every photo on every server. */
export function layOut(servers: number): ClusterLayout {
  const storesOfServers = Array.from({ length: servers }, (_, server) =>
    Array.from({ length: storesPerServer }, (_, place) => server * storesPerServer + place + 1),
  )
  const shards = Object.fromEntries(
    Array.from({ length: storesPerServer }, (_, place) => [
      String(place + 1),
      storesOfServers.map((stores) => stores[place] ?? 0),
    ]),
  )
  return { storesOfServers, shards }
}

/** Which server (from 1) has part `id` (from 1), when each server gets one in turn. */
export function serverOf(id: number, servers: number): number {
  return ((id - 1) % servers) + 1
}

/** 1 up to `last`. */
export function range(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1)
}
