import { Secret } from '@backpack/signing'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { buildSnapshot } from '../../src/build-snapshot.js'
import type { ShardAclEntry } from '../../src/schema/acl-schemas.js'

const parts = {
  servers: new Map([
    ['1', { host: 'one', port: 10_001, rack: 'r' }],
    ['2', { host: '::1', port: 2 }],
  ]),
  shards: new Map([['1', { nodes: ['2', '1'], read_only: true }]]),
  sizes: new Map([['1', { capacity: 100, current: 7 }]]),
  acls: new Map<string, ShardAclEntry | 'unreadable'>(),
  adminAcl: undefined,
  queue: { key: 'q', servers: [{ host: 'one', port: 3 }] },
  daemons: [],
  problems: [],
}

test('a snapshot has servers with URLs, shards with their nodes in order, sizes and the queue', () => {
  const { servers, shards, queue, problems } = buildSnapshot(parts)
  expect(servers.get('1')).toEqual({ id: '1', host: 'one', port: 10_001, url: 'http://one:10001' })
  expect(shards.get('1')).toEqual({
    id: '1',
    nodes: [{ id: '2', host: '::1', port: 2, url: 'http://[::1]:2' }, servers.get('1')],
    readOnly: true,
    capacityBytes: 100,
    currentBytes: 7,
    access: 'open',
    usedBytesMax: undefined,
    blobsMax: undefined,
    bucketFlags: 0,
  })
  expect(queue).toEqual({ key: 'q', servers: [{ host: 'one', port: 3 }] })
  expect(problems).toEqual([])
})

test('nothing in a snapshot can be changed', () => {
  const snapshot = buildSnapshot(parts)
  const shard = snapshot.shards.get('1')
  const values = [
    snapshot,
    snapshot.servers.get('1'),
    shard,
    shard?.nodes,
    snapshot.queue,
    snapshot.queue?.servers,
    snapshot.queue?.servers[0],
    snapshot.daemons,
    snapshot.problems,
  ]
  for (const value of values) expect(Object.isFrozen(value)).toBe(true)
})

test('servers that a shard names and nobody knows are left out and said, as are servers in two shards', () => {
  const shards = new Map([
    ['1', { nodes: ['1', '9'] }],
    ['2', { nodes: ['1'] }],
  ])
  const snapshot = buildSnapshot({ ...parts, shards })
  expect(snapshot.shards.get('1')?.nodes.map(({ id }) => id)).toEqual(['1'])
  expect(snapshot.problems).toEqual([
    'Shard 1 names server 9, which is unknown',
    'Server 1 is in two shards: 1 and 2',
  ])
})

test('a shard without a size has an unknown capacity', () => {
  const shard = buildSnapshot({ ...parts, sizes: new Map() }).shards.get('1')
  expect(shard).toMatchObject({ capacityBytes: undefined, currentBytes: 0 })
})

const mary = { user: 'mary', token: new Secret('s3cret'), flags: 2 }

test('an ACL becomes users by name, and limits of 0 none', () => {
  const acls = new Map([['1', { acl: [mary], 'max-size': 5, 'max-key-num': 0 }]])
  const shard = buildSnapshot({ ...parts, acls, adminAcl: { acl: [mary] } }).shards.get('1')
  expect(shard).toMatchObject({ usedBytesMax: 5, blobsMax: undefined })
  expect(shard?.access).toEqual({ users: new Map([['mary', mary]]) })
  const { users } = shard?.access as { users: ReadonlyMap<string, typeof mary> }
  expect(users.get('mary')?.token.reveal()).toBe('s3cret')
})

test('an empty list is open, one that cannot be understood closed, for shards as for administration', () => {
  const empty = buildSnapshot({ ...parts, acls: new Map([['1', { acl: [] }]]), adminAcl: { acl: [] } })
  expect([empty.shards.get('1')?.access, empty.adminAccess]).toEqual(['open', 'open'])
  const unreadable = { acls: new Map([['1', 'unreadable' as const]]), adminAcl: 'unreadable' as const }
  const closed = buildSnapshot({ ...parts, ...unreadable })
  expect([closed.shards.get('1')?.access, closed.adminAccess]).toEqual(['closed', 'closed'])
})

test('no way of printing a snapshot shows a token', () => {
  const acl = { acl: [mary] }
  const snapshot = buildSnapshot({ ...parts, acls: new Map([['1', acl]]), adminAcl: acl })
  const { access } = snapshot.shards.get('1') ?? {}
  const users = typeof access === 'object' ? [...access.users.values()] : []
  const printed = [
    inspect(snapshot, { depth: null, showHidden: true }),
    JSON.stringify([snapshot, [...snapshot.shards.values()], users]),
    users.map(({ token }) => `${String(token)}`).join(),
    JSON.stringify(structuredClone(users.map(({ user, token }) => [user, { ...token }]))),
  ]
  expect(users).toHaveLength(1)
  for (const text of printed) expect(text).not.toContain('s3cret')
})
