// A bucket file with mistakes of several kinds: what is wrong in itself and what does not fit the model are said together.
import { beforeEach, describe, expect, test } from 'vitest'
import { addServer, addShard, importBuckets, initCluster } from '../../src/edit/edit-cluster.js'
import type { ClusterTree } from '../../src/tree/cluster-tree.js'
import { dumpTree, useTreeHome } from '../tree-homes.js'

describe('a bucket file with mistakes', () => {
  const home = useTreeHome('file')
  let tree: ClusterTree

  beforeEach(async () => {
    tree = await home.open()
    await initCluster(tree, { queueKey: 'q', queueServers: [] })
    for (const id of ['1', '2', '3'])
      await addServer(tree, { id, url: `http://h${id}:1`, ifExists: 'refuse' })
    await addShard(tree, { id: 'a', nodes: ['1'], capacityBytes: 1, ifExists: 'refuse' })
  })

  test('is refused with what the model has against the buckets that have none', async () => {
    const before = await dumpTree(tree)
    const file = {
      generic: { acl: [{ user: 'u', token: 'hush hush', flags: 9 }] },
      buckets: {
        a: { groups: [2] },
        b: { groups: [99] },
        c: { groups: [98], max_size: 5 },
        'd/e': { groups: [97] },
        __proto__: { groups: [96] },
      },
      admin: { acl: 'hush hush' },
    }
    const error: unknown = await importBuckets(tree, { file, capacityBytes: 5 }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({
      code: 'EDIT_REFUSED',
      details: {
        reasons: [
          'generic.acl.0.flags: must be a sum of 1, 2 and 4',
          'buckets.c: Unrecognized key: "max_size"',
          'buckets.d/e: must be 1 to 32 letters, digits, - or _',
          'admin.acl: Invalid input: expected array, received string',
          'Shard a has nodes 1, the file says 2: mend the file, or update the shard',
          'There is no server "99"; there are 1,2,3',
        ],
      },
    })
    expect((error as Error).message).not.toContain('hush')
    expect(await dumpTree(tree)).toEqual(before)
  })

  test.each([null, 'x', { buckets: [] }, { buckets: null }, { buckets: { a: null } }])(
    'that is %j is refused',
    async (file) => {
      await expect(importBuckets(tree, { file })).rejects.toMatchObject({ code: 'EDIT_REFUSED' })
    },
  )
})
