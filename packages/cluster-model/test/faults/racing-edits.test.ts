import { describe, expect, test } from 'vitest'
import { addServer, addShard, initCluster, setShardWritable } from '../../src/edit/edit-cluster.js'
import { readCluster } from '../../src/read-cluster.js'
import type { ClusterTree } from '../../src/tree/cluster-tree.js'
import { treeKinds, useTreeHome } from '../tree-homes.js'

const edits = process.env['BACKPACK_FAULTS_FULL'] === '1' ? 1_000 : 200
const admins = 4
/** Each round of an admin is five edits: two servers, a shard of them, enabling it, and one server that moves. */
const editsPerRound = 5
const rounds = edits / admins / editsPerRound
const options = { waitMs: 600_000 }

describe.each(treeKinds)('in a tree of the kind %s', (kind) => {
  const home = useTreeHome(kind)

  test(`${edits} racing edits by ${admins} admins are all there in the end`, async () => {
    const trees = await Promise.all(Array.from({ length: admins }, () => home.open()))
    await initCluster(trees[0] as ClusterTree, { queueKey: 'q', queueServers: [] })
    await Promise.all(trees.map((tree, admin) => editInRounds(tree, admin)))
    const { servers, shards, problems } = await readCluster(trees[0] as ClusterTree)
    expect(problems).toEqual([])
    expect(servers.size).toBe(admins * rounds * 2)
    expect(shards.size).toBe(admins * rounds)
    for (const { id, nodes, readOnly, capacityBytes } of shards.values()) {
      expect({ hosts: nodes.map(({ host }) => host), readOnly, capacityBytes }).toEqual({
        hosts: [`host-0-${id}`, `moved-${id}`],
        readOnly: false,
        capacityBytes: 1 + Number(id.split('-')[1]),
      })
    }
  })
})

async function editInRounds(tree: ClusterTree, admin: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const shard = `${admin}-${round}`
    const nodes = [`${shard}-a`, `${shard}-b`]
    for (const [index, id] of nodes.entries()) {
      const url = `http://host-${index}-${shard}:10001`
      await addServer(tree, { id, url, ifExists: 'refuse' }, options)
    }
    await addShard(tree, { id: shard, nodes, capacityBytes: 1 + round, ifExists: 'refuse' }, options)
    await setShardWritable(tree, { id: shard, writable: true }, options)
    const moved = { id: `${shard}-b`, url: `http://moved-${shard}:10001`, ifExists: 'update' } as const
    await addServer(tree, moved, options)
  }
}
