import { expect, test } from 'vitest'
import { buildSnapshot } from '../../src/build-snapshot.js'

const parts = {
  servers: new Map([
    ['1', { host: 'one', port: 10_001, rack: 'r' }],
    ['2', { host: '::1', port: 2 }],
  ]),
  shards: new Map([['1', { nodes: ['2', '1'], read_only: true }]]),
  sizes: new Map([['1', { capacity: 100, current: 7 }]]),
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
