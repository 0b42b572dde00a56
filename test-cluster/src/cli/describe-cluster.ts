// What is shown of a cluster that runs: where everything is, where a photo went, what to try. Lines of text, no I/O but HTTP.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterMember } from '../cluster/cluster-member.js'
import type { Uploaded } from '../cluster/coordinator-answers.js'
import type { TestCluster } from '../cluster/test-cluster.js'
import { workspaceFolder } from '../cluster/workspace-programs.js'

export const photoPath = 'packages/store/test/fixtures/images/animals/clown_loach_01.jpg'
const kinds = ['ZooKeeper', 'Redis', 'coordinator', 'replicator', 'store']
const photoName = 'clown_loach_01.jpg'

/** Every process with its address, by server; each store with its shard. */
export function describeAddresses(cluster: TestCluster): string[] {
  const shardOf = new Map([...cluster.shards].flatMap(([id, stores]) => stores.map((store) => [store, id])))
  const rows = cluster.servers.flatMap(({ id, members }) =>
    members.toSorted(byKind).map(({ name, address }, place) => {
      const [kind, number] = name.split(' ')
      const shard = kind === 'store' ? shardOf.get(Number(number)) : undefined
      return [
        place === 0 ? `server ${id}` : '',
        name,
        kind === 'replicator' ? `${address}/-/metrics` : address,
        besideAddress(cluster, kind, Number(number), shard),
      ]
    }),
  )
  return inColumns(rows)
}

function besideAddress(
  cluster: TestCluster,
  kind: string | undefined,
  id: number,
  shard: string | undefined,
): string {
  if (kind === 'coordinator') {
    const gateway = cluster.gateways.get(id)
    return gateway === undefined ? '' : `gateway ${gateway.url}`
  }
  return shard === undefined ? '' : `shard ${shard}`
}

/** Uploads a real photo, waits for its copies, and shows it on each store of its shard. */
export async function showPhoto(cluster: TestCluster, say: (line: string) => void): Promise<Uploaded> {
  const photo = readFileSync(join(workspaceFolder(), photoPath))
  const uploaded = await cluster.put(photoName, photo, { headers: { 'content-type': 'image/jpeg' } })
  say(`PUT ${cluster.coordinator(1).url}/${photoName} (${photo.length} bytes): shard ${uploaded.shardId}`)
  await cluster.untilCopied(uploaded.shardId, photoName)
  const rows = await Promise.all(
    cluster.nodesOf(uploaded.shardId).map(async (id) => {
      const { status, body } = await cluster.getFrom(id, photoName)
      const same = body.equals(photo) ? 'the same photo' : 'ANOTHER photo'
      return [`store ${id}`, `${cluster.store(id).url}/${photoName}`, String(status), checksum(body), same]
    }),
  )
  for (const row of inColumns(rows)) say(row)
  return uploaded
}

/** Lines to paste into another terminal, in the folder of the workspace. */
export function describeTrials(cluster: TestCluster, { shardId }: Uploaded): string[] {
  const [first, last] = [cluster.coordinator(1).url, cluster.coordinator(cluster.coordinators.size).url]
  const store = cluster.store(cluster.nodesOf(shardId)[0] ?? 1).url
  return [
    `curl -T ${photoPath} ${last}/mine.jpg`,
    `curl -o copy.jpg ${first}/${shardId}:${photoName}`,
    `curl -I ${store}/${photoName}`,
    `curl ${first}/stats`,
    `npx backpack-cluster status --zookeeper ${cluster.zookeeperServers} --root ${cluster.root}`,
  ]
}

function byKind(one: ClusterMember, other: ClusterMember): number {
  const placeOf = ({ name }: ClusterMember) => kinds.findIndex((kind) => name.startsWith(kind))
  return placeOf(one) - placeOf(other) || one.name.localeCompare(other.name, 'en', { numeric: true })
}

function checksum(body: Buffer): string {
  return `sha256 ${createHash('sha256').update(body).digest('hex').slice(0, 16)}…`
}

function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  )
}
