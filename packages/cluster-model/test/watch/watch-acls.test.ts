import { until } from '@backpack/test-cluster'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ClusterSnapshot, ShardAccess } from '../../src/cluster-snapshot.js'
import { addServer, addShard, initCluster } from '../../src/edit/edit-cluster.js'
import type { ClusterTree } from '../../src/tree/cluster-tree.js'
import { type ClusterWatch, watchCluster } from '../../src/watch-cluster.js'
import { treeKinds, useTreeHome } from '../tree-homes.js'

const refuse = { ifExists: 'refuse' } as const
const garbled = '{"acl":[{"user":"mary","token":"garbled token","flags":9}]}'

/** `{"mary": "token 2"}`: what stands for each user; or the word. */
function show(access: ShardAccess | undefined): unknown {
  if (typeof access !== 'object') return access
  return Object.fromEntries(
    [...access.users.values()].map(({ user, token, flags }) => [user, `${token.reveal()} ${flags}`]),
  )
}

function aclOf(token: string, flags = 2): string {
  return JSON.stringify({ acl: [{ user: 'mary', token, flags }] })
}

describe.each(treeKinds)('who may do what in a tree of the kind %s', (kind) => {
  const home = useTreeHome(kind)
  let tree: ClusterTree
  let admin: ClusterTree
  let watch: ClusterWatch

  beforeEach(async () => {
    tree = await home.open()
    admin = await home.open()
    await initCluster(admin, { queueKey: 'q', queueServers: [] })
    for (const id of ['1', '2', '3']) await addServer(admin, { id, url: `http://host-${id}:1`, ...refuse })
    await addShard(admin, { id: '1', nodes: ['1', '2'], capacityBytes: 1, ...refuse })
  })
  afterEach(() => watch.close())

  async function write(path: string, text: string): Promise<void> {
    const node = await admin.get(path)
    if (node === undefined) await admin.create(path, Buffer.from(text))
    else await admin.set(path, Buffer.from(text), node.version)
  }

  /** A change that comes after all the others: when it is seen, they are. */
  async function untilSettled(): Promise<void> {
    const mark = `mark-${Math.random().toString(36).slice(2)}`
    await write('/queue', JSON.stringify({ key: mark, servers: [] }))
    await until(() => watch.snapshot.queue?.key === mark, 'the mark is seen')
  }

  describe.each([
    { noun: 'a shard', path: '/shard-acl-1', of: ({ shards }: ClusterSnapshot) => shards.get('1')?.access },
    { noun: 'administration', path: '/admin-acl', of: ({ adminAccess }: ClusterSnapshot) => adminAccess },
  ])('the ACL of $noun', ({ path, of }) => {
    const seen = () => show(of(watch.snapshot))

    test('that is missing leaves it open, without a problem', async () => {
      watch = await watchCluster(tree)
      expect(seen()).toBe('open')
      expect(watch.snapshot.problems).toEqual([])
    })

    test('is there in the first snapshot', async () => {
      await write(path, aclOf('one'))
      watch = await watchCluster(tree)
      expect(seen()).toEqual({ mary: 'one 2' })
    })

    test('makes a new snapshot as it appears, changes a token, a flag, and becomes empty', async () => {
      watch = await watchCluster(tree)
      const snapshots = new Set([watch.snapshot])
      watch.onChange((snapshot) => snapshots.add(snapshot))
      for (const [acl, expected] of [
        [aclOf('one'), 'one 2'],
        [aclOf('two'), 'two 2'],
        [aclOf('two', 3), 'two 3'],
      ] as const) {
        await write(path, acl)
        await until(() => (seen() as { mary?: string }).mary === expected, expected)
      }
      await write(path, '{"acl":[]}')
      await until(() => seen() === 'open', 'it is open again')
      expect(snapshots.size).toBe(5)
      expect([...snapshots].flatMap(({ problems }) => problems)).toEqual([])
    })

    test('that was never understood closes it, also when it goes, until it is mended', async () => {
      await write(path, garbled)
      watch = await watchCluster(tree)
      expect(seen()).toBe('closed')
      expect(watch.snapshot.problems).toEqual([
        `${path} cannot be read: acl.0.flags: must be a sum of 1, 2 and 4`,
      ])
      await admin.remove(path)
      await until(() => watch.snapshot.problems[0] === `There is no ${path}`, 'it is gone')
      expect(seen()).toBe('closed')
      await write(path, garbled)
      await until(() => watch.snapshot.problems[0]?.includes('cannot be read') === true, 'it is said again')
      await write(path, aclOf('one'))
      await until(() => watch.snapshot.problems.length === 0, 'it is mended')
      expect(seen()).toEqual({ mary: 'one 2' })
    })

    test('that appears and cannot be understood closes what was open', async () => {
      watch = await watchCluster(tree)
      await write(path, '{"acl":"garbled token"}')
      await until(() => seen() === 'closed', 'it is closed')
      expect(JSON.stringify(watch.snapshot.problems)).not.toContain('garbled')
    })

    test('that cannot be understood any more stays as it was last, with a problem that shows no token', async () => {
      await write(path, aclOf('one'))
      watch = await watchCluster(tree)
      await write(path, garbled)
      await until(() => watch.snapshot.problems.length === 1, 'it is said')
      expect(watch.snapshot.problems[0]).toMatch(/cannot be read: acl\.0\.flags/)
      expect(JSON.stringify(watch.snapshot.problems)).not.toContain('garbled')
      expect(seen()).toEqual({ mary: 'one 2' })
    })

    test('that is removed stays as it was last, and says so', async () => {
      await write(path, aclOf('one'))
      watch = await watchCluster(tree)
      await admin.remove(path)
      await until(() => watch.snapshot.problems.length === 1, 'it is said')
      expect(watch.snapshot.problems).toEqual([
        `There is no ${path} any more: what it held last stays in use`,
      ])
      expect(seen()).toEqual({ mary: 'one 2' })
      await write(path, aclOf('one'))
      await until(() => watch.snapshot.problems.length === 0, 'it is back')
    })
  })

  test('limits are followed', async () => {
    watch = await watchCluster(tree)
    await write('/shard-acl-1', '{"acl":[],"max-size":7,"max-key-num":8}')
    await until(() => watch.snapshot.shards.get('1')?.blobsMax === 8, 'they are seen')
    expect(watch.snapshot.shards.get('1')).toMatchObject({ access: 'open', usedBytesMax: 7 })
  })

  test('a shard that is new is never seen without the ACL that was written before it', async () => {
    watch = await watchCluster(tree)
    const accesses: unknown[] = []
    watch.onChange(({ shards }) => accesses.push(show(shards.get('2')?.access)))
    await write('/shard-acl-2', aclOf('one'))
    await addShard(admin, { id: '2', nodes: ['3'], capacityBytes: 1, ...refuse })
    await until(() => watch.snapshot.shards.has('2'), 'it is seen')
    await untilSettled()
    expect(new Set(accesses.map((access) => JSON.stringify(access)))).toContain('{"mary":"one 2"}')
    expect(accesses).not.toContain('open')
  })
})
