import { beforeEach, describe, expect, test } from 'vitest'
import { addServer, addShard, importBuckets, initCluster } from '../../src/edit/edit-cluster.js'
import { readCluster } from '../../src/read-cluster.js'
import type { ClusterTree } from '../../src/tree/cluster-tree.js'
import { dumpTree, treeKinds, useTreeHome } from '../tree-homes.js'
import { manualAcl, manualFile, manualServers, readerToken, writerToken } from './bucket-files.js'
import { interceptTree } from './intercept-tree.js'

const gb = 2 ** 30
const refuse = { ifExists: 'refuse' } as const
const mary = { user: 'mary', token: 'token of mary', flags: 2 }

describe.each(treeKinds)('importing buckets into a tree of the kind %s', (kind) => {
  const home = useTreeHome(kind)
  let tree: ClusterTree

  beforeEach(async () => {
    tree = await home.open()
    await initCluster(tree, { queueKey: 'q', queueServers: [] })
    for (const id of manualServers) await addServer(tree, { id, url: `http://host-${id}:1`, ...refuse })
  })

  const makeShard = (id: string, nodes: string[]) =>
    addShard(tree, { id, nodes, capacityBytes: gb, ...refuse })

  async function write(path: string, text: string): Promise<void> {
    await tree.create(path, Buffer.from(text))
  }

  async function read(path: string): Promise<unknown> {
    return JSON.parse((await tree.get(path))?.data.toString() ?? 'null')
  }

  test("makes every shard of the manual's file, read-only, each with its own ACL", async () => {
    const report = await importBuckets(tree, { file: manualFile, capacityBytes: gb })
    expect(report).toMatchObject({ changed: true, warnings: [] })
    expect(report.done.slice(0, 2)).toEqual([
      'Made shard b1 of size 1gb that consist of nodes 1,2',
      'Bucket b1: users * (read, unsigned), writer (read, write)',
    ])
    const { shards, problems } = await readCluster(tree)
    expect(problems).toEqual([])
    expect([...shards.values()].map(({ id, nodes }) => [id, nodes.map((node) => node.id).join()])).toEqual([
      ['b1', '1,2'],
      ['b2', '3,4'],
      ['b3', '5,6'],
      ['b4', '7,8,9'],
      ['b5', '10,11,12'],
    ])
    for (const id of Object.keys(manualFile.buckets)) {
      expect(shards.get(id)).toMatchObject({ readOnly: true, capacityBytes: gb, usedBytesMax: undefined })
      expect(await read(`/shard-acl-${id}`)).toEqual(manualFile.generic)
    }
    expect(JSON.stringify(report)).not.toMatch(/secure/)
    expect(await tree.get('/admin-acl')).toBeUndefined()
  })

  test('again changes nothing, also with another size, and with nodes in another order', async () => {
    await importBuckets(tree, { file: manualFile, capacityBytes: gb })
    const before = await dumpTree(tree)
    const buckets = { ...manualFile.buckets, b1: { groups: ['2', 1] } }
    const again = { file: { ...manualFile, buckets }, capacityBytes: 2 * gb }
    expect(await importBuckets(tree, again)).toMatchObject({ changed: false, warnings: [] })
    expect(await dumpTree(tree)).toEqual(before)
  })

  test('gives a shard that exists its users and limits, and leaves the other shards', async () => {
    await makeShard('1', ['1', '2'])
    await makeShard('2', ['3', '4'])
    const buckets = { 1: { groups: [1, 2], acl: [mary], 'max-size': gb, 'max-key-num': 1000 } }
    const report = await importBuckets(tree, { file: { buckets } })
    expect(report.done).toEqual([
      'Bucket 1: users mary (read, write); at most 1gb and 1000 blobs on each node',
    ])
    const { shards } = await readCluster(tree)
    expect(shards.get('1')).toMatchObject({ usedBytesMax: gb, blobsMax: 1000 })
    expect(shards.get('2')?.access).toBe('open')
    expect(await tree.get('/shard-acl-2')).toBeUndefined()
  })

  test('notices a token that is another, and keeps fields of other tools', async () => {
    await makeShard('1', ['1'])
    await write('/shard-acl-1', JSON.stringify({ acl: [mary], owner: 'photos' }))
    const file = (token: string) => ({ buckets: { 1: { groups: [1], acl: [{ ...mary, token }] } } })
    expect(await importBuckets(tree, { file: file(mary.token) })).toMatchObject({ changed: false })
    expect(await importBuckets(tree, { file: file('another') })).toMatchObject({ changed: true })
    expect(await read('/shard-acl-1')).toMatchObject({
      acl: [{ ...mary, token: 'another' }],
      owner: 'photos',
    })
  })

  test('opens a shard by an empty list, which is written', async () => {
    await makeShard('1', ['1'])
    const file = { buckets: { 1: { groups: [1], acl: [mary] } } }
    await importBuckets(tree, { file })
    const open = { generic: { acl: [] }, buckets: { 1: { groups: [1] } } }
    const report = await importBuckets(tree, { file: open })
    expect(report.done).toEqual(['Bucket 1: open to everybody, for there is no ACL'])
    expect(await read('/shard-acl-1')).toMatchObject({ acl: [] })
    expect((await readCluster(tree)).shards.get('1')?.access).toBe('open')
  })

  test('writes who may administer, only when the file says it', async () => {
    const root = { user: 'root', token: 'token of root', flags: 4 }
    const report = await importBuckets(tree, { file: { admin: { acl: [root] } } })
    expect(report).toMatchObject({ done: ['Administration: users root (admin)'], warnings: [] })
    expect((await readCluster(tree)).adminAccess).toMatchObject({ users: new Map([['root', { flags: 4 }]]) })
    expect(await importBuckets(tree, { file: {} })).toEqual({ done: [], warnings: [], changed: false })
    expect(await read('/admin-acl')).toEqual({ acl: [root] })
  })

  test('warns of who may change things without a signature, of no admin, and of risky shards', async () => {
    const file = {
      buckets: {
        1: {
          groups: [1],
          acl: [
            { ...mary, user: '*', flags: 3 },
            { ...mary, flags: 3 },
          ],
        },
      },
      admin: { acl: [mary] },
    }
    const { warnings } = await importBuckets(tree, { file, capacityBytes: gb })
    expect(warnings).toEqual([
      'Shard 1 has a single node: there is no second copy of its photos',
      'Everybody may read, write in bucket 1 without a signature',
      'Whoever calls himself mary may read, write in bucket 1 without a signature',
      'No user of the admin ACL has flag 4: nobody may administer',
    ])
  })

  test('refuses a shard that is missing, other nodes, unknown and taken ones, all at once, and changes nothing', async () => {
    await makeShard('1', ['1', '2'])
    await makeShard('2', ['3', '4'])
    const before = await dumpTree(tree)
    const groups = { 1: [1, 5], 9: [6] }
    const file = {
      buckets: Object.fromEntries(Object.entries(groups).map(([id, each]) => [id, { groups: each }])),
    }
    await expect(importBuckets(tree, { file })).rejects.toMatchObject({
      code: 'EDIT_REFUSED',
      details: {
        reasons: [
          'Shard 1 has nodes 1,2, the file says 1,5: mend the file, or update the shard',
          'There is no shard 9: make it of nodes 6 first, or give a size for shards that are missing',
        ],
      },
    })
    const taken = { buckets: { 9: { groups: [3, 6, 6, 99] } } }
    await expect(importBuckets(tree, { file: taken, capacityBytes: gb })).rejects.toMatchObject({
      details: {
        reasons: [
          'Server 3 is in shard 2: a server belongs to one shard only',
          'Node 6 is given more than once',
          expect.stringMatching(/^There is no server "99"/) as string,
        ],
      },
    })
    await expect(importBuckets(tree, { file: manualFile, capacityBytes: 0 })).rejects.toThrow(/above 0/)
    await expect(importBuckets(tree, { file: { buckets: [] } })).rejects.toMatchObject({
      code: 'EDIT_REFUSED',
    })
    expect(await dumpTree(tree)).toEqual(before)
  })

  test('with update gives shards the nodes of the file, which two may exchange', async () => {
    await makeShard('1', ['1', '2'])
    await makeShard('2', ['3', '4'])
    const file = { buckets: { 1: { groups: [3, 4] }, 2: { groups: [1, 2] } } }
    const { done } = await importBuckets(tree, { file, update: true })
    expect(done).toContain('Shard 1 has nodes 3,4 now, it had 1,2')
    const { shards, problems } = await readCluster(tree)
    expect(shards.get('1')?.nodes.map(({ id }) => id)).toEqual(['3', '4'])
    expect(problems).toEqual([])
  })

  test('replaces an ACL that cannot be understood with update only', async () => {
    await makeShard('1', ['1'])
    await write('/shard-acl-1', '{"acl":[{"token":"garbled')
    await write('/admin-acl', '[]')
    const file = { buckets: { 1: { groups: [1], acl: [mary] } }, admin: { acl: [{ ...mary, flags: 4 }] } }
    await expect(importBuckets(tree, { file })).rejects.toMatchObject({
      details: {
        reasons: [
          "What stands in /shard-acl-1 cannot be understood: mend it, or update it with the file's",
          "What stands in /admin-acl cannot be understood: mend it, or update it with the file's",
        ],
      },
    })
    const { warnings } = await importBuckets(tree, { file, update: true })
    expect(warnings).toEqual([
      'What stood in /shard-acl-1 could not be understood and is replaced',
      'What stood in /admin-acl could not be understood and is replaced',
    ])
    expect(await read('/shard-acl-1')).toMatchObject({ acl: [mary] })
  })

  test('as a dry run reports the same and writes nothing', async () => {
    const before = await dumpTree(tree)
    const request = { file: manualFile, capacityBytes: gb }
    const dry = await importBuckets(tree, request, { dryRun: true })
    expect(await dumpTree(tree)).toEqual(before)
    expect(await importBuckets(tree, request)).toEqual(dry)
  })

  test('ended after any of its writes leaves no new shard without its ACL, and can be made again', async () => {
    const file = { generic: { acl: manualAcl }, buckets: { 8: { groups: [1] }, 9: { groups: [2] } } }
    const request = { file, capacityBytes: gb }
    let rounds = 0
    for (let finished = false; !finished; rounds++) {
      let left = 1
      const killed = interceptTree(tree, {
        beforeWrite: (path) => {
          if (path !== '/edit-lock' && left-- === 0) throw new Error('killed')
          return Promise.resolve()
        },
      })
      finished = await importBuckets(killed, request).then(
        () => true,
        () => false,
      )
      const { shards, problems } = await readCluster(tree)
      expect(problems).toEqual([])
      expect(shards.size).toBe(finished ? 2 : 0)
      for (const { access } of shards.values()) expect(access).toBeTypeOf('object')
    }
    // Two sizes, two ACLs, the map.
    expect(rounds).toBe(5)
  })

  test('plans anew when somebody writes an ACL in the same moment', async () => {
    await makeShard('1', ['1'])
    await write('/shard-acl-1', '{"acl":[]}')
    let interfered = 0
    const slow = interceptTree(tree, {
      beforeWrite: async (path) => {
        if (path !== '/shard-acl-1' || interfered++ > 0) return
        await tree.set(path, Buffer.from('{"acl":[],"owner":"photos"}'), 0)
      },
    })
    await importBuckets(slow, { file: { buckets: { 1: { groups: [1], acl: [mary] } } } })
    expect(await read('/shard-acl-1')).toMatchObject({ acl: [mary], owner: 'photos' })
  })

  test('says no token in any report or refusal', async () => {
    const file = { ...manualFile, admin: { acl: manualAcl } }
    const reports = [
      await importBuckets(tree, { file, capacityBytes: gb }, { dryRun: true }),
      await importBuckets(tree, { file }).catch((error: unknown) => error),
      await importBuckets(tree, { file, capacityBytes: gb }),
    ]
    for (const token of [readerToken, writerToken]) expect(JSON.stringify(reports)).not.toContain(token)
  })
})
