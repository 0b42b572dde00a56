import { describe, expect, test } from 'vitest'
import type { ClusterModel } from '../../src/edit/cluster-model.js'
import type { EditPlan } from '../../src/edit/edit-plan.js'
import { planInit, planSetQueue } from '../../src/edit/plan-cluster-edits.js'
import { planAddServer, planRemoveServer } from '../../src/edit/plan-server-edits.js'
import { planAddShard, planResizeShard, planSetShardWritable } from '../../src/edit/plan-shard-edits.js'

const gb = 2 ** 30
const empty: ClusterModel = { servers: undefined, shards: undefined, queue: undefined, size: undefined }

/** Servers 1 to 6 as in the example of 2013, shard 1 of servers 1 and 4, read-only. */
const model: ClusterModel = {
  servers: new Map(
    [1, 2, 3, 4, 5, 6].map((id) => [String(id), { host: id < 4 ? 'one' : 'two', port: 10_000 + id }]),
  ),
  shards: new Map([['1', { nodes: ['1', '4'], read_only: true }]]),
  queue: { key: 'q', servers: [{ host: 'one', port: 13_001 }] },
  size: undefined,
}

/** What a plan would write, by path. */
function writesOf({ writes }: EditPlan): Record<string, unknown> {
  return Object.fromEntries(writes.map(({ path, data }) => [path, JSON.parse(data.toString()) as unknown]))
}

describe('init', () => {
  const request = { queueKey: 'q', queueServers: [{ host: 'one', port: 13_001 }] }

  test('makes the two maps and the queue', () => {
    const plan = planInit(empty, request)
    expect(writesOf(plan)).toEqual({
      '/servers-map': {},
      '/shards-map': {},
      '/queue': { key: 'q', servers: [{ host: 'one', port: '13001' }] },
    })
    expect(plan.done).toEqual(['Servers map initialized', 'Shards map initialized', 'Queue initialized'])
  })

  test('leaves what is there, and says so', () => {
    const plan = planInit({ ...model, shards: undefined }, { ...request, queueKey: 'other' })
    expect(Object.keys(writesOf(plan))).toEqual(['/shards-map'])
    expect(plan.done).toEqual([
      'Servers map already initialized',
      'Shards map initialized',
      'Queue already initialized',
    ])
    expect(plan.warnings).toEqual(['The queue stays as it is: q on one:13001'])
  })

  test('needs no Redis server, for an embedded cluster', () => {
    expect(writesOf(planInit(empty, { queueKey: 'q', queueServers: [] }))['/queue']).toEqual({
      key: 'q',
      servers: [],
    })
  })
})

describe('adding a server', () => {
  test('writes it beside the others, which keep fields of other tools', () => {
    const servers = new Map([['1', { host: 'one', port: 1, rack: 'r' }]])
    const plan = planAddServer(
      { ...model, servers },
      { id: '7', url: 'http://two:10007/', ifExists: 'refuse' },
    )
    expect(writesOf(plan)).toEqual({
      '/servers-map': {
        1: { host: 'one', port: '1', rack: 'r' },
        7: { host: 'two', port: '10007' },
      },
    })
    expect(plan).toMatchObject({ done: ['Added http://two:10007/ as 7'], warnings: [] })
  })

  test('under an id in use is refused, or updates it with a warning', () => {
    const request = { id: '1', url: 'http://three:10001' }
    expect(() => planAddServer(model, { ...request, ifExists: 'refuse' })).toThrow(
      'Server 1 exists already, at http://one:10001',
    )
    const plan = planAddServer(model, { ...request, ifExists: 'update' })
    expect(writesOf(plan)).toMatchObject({ '/servers-map': { 1: { host: 'three', port: '10001' } } })
    expect(plan.warnings).toEqual([
      'Server 1 existed already: its address was one:10001 and is three:10001 now',
    ])
  })

  test('again with the same address changes nothing', () => {
    const plan = planAddServer(model, { id: '1', url: 'http://ONE:10001', ifExists: 'update' })
    expect(plan.writes).toEqual([])
    expect(plan.warnings).toEqual(['Server 1 was there already, with this address'])
  })

  test('warns when it moves to the host of another node of its shard', () => {
    const plan = planAddServer(model, { id: '4', url: 'http://one:10004', ifExists: 'update' })
    expect(plan.warnings[1]).toBe(
      'Nodes 1 and 4 of shard 1 are both on one: when it is lost, so are their copies',
    )
  })

  test.each([
    { id: '7', url: 'http://one:10001', says: 'http://one:10001 is server 1 already' },
    { id: '7', url: 'http://one:10001/x', says: 'http://one:10001/x is no address of a server' },
    { id: 'a:b', url: 'http://one:1', says: '"a:b" is no id of a server' },
    { id: '', url: 'http://one:1', says: '"" is no id' },
    { id: '__proto__', url: 'http://one:1', says: '"__proto__" is no id' },
    { id: 'x'.repeat(33), url: 'http://one:1', says: 'is no id' },
  ])('$id at $url is refused', ({ id, url, says }) => {
    expect(() => planAddServer(model, { id, url, ifExists: 'update' })).toThrow(
      expect.objectContaining({ code: 'EDIT_REFUSED', message: expect.stringContaining(says) as string }),
    )
  })
})

describe('removing a server', () => {
  test('that is in no shard writes the others', () => {
    const plan = planRemoveServer(model, { id: '6' })
    const written = writesOf(plan)['/servers-map'] as Record<string, unknown>
    expect(Object.keys(written)).toEqual(['1', '2', '3', '4', '5'])
    expect(plan.done).toEqual(['Removed server 6, http://two:10006'])
  })

  test('that is in a shard, or unknown, is refused', () => {
    expect(() => planRemoveServer(model, { id: '4' })).toThrow('Server 4 is still in shard 1')
    expect(() => planRemoveServer(model, { id: '9' })).toThrow('There is no server 9')
  })
})

describe('adding a shard', () => {
  const request = { id: '2', nodes: ['2', '5'], capacityBytes: 100 * gb, ifExists: 'refuse' } as const

  test('writes its size before the map that makes it true; it is read-only', () => {
    const plan = planAddShard(model, request)
    expect(plan.writes.map(({ path }) => path)).toEqual(['/shard-size-2', '/shards-map'])
    expect(writesOf(plan)).toEqual({
      '/shard-size-2': { capacity: 100 * gb, current: 0 },
      '/shards-map': {
        1: { nodes: ['1', '4'], read_only: true },
        2: { nodes: ['2', '5'], read_only: true },
      },
    })
    expect(plan).toMatchObject({
      done: ['Made shard 2 of size 100gb that consist of nodes 2,5'],
      warnings: [],
    })
  })

  test('that exists is refused, or only gets its nodes changed', () => {
    expect(() => planAddShard(model, { ...request, id: '1' })).toThrow('Shard 1 exists already, on nodes 1,4')
    const writable = {
      ...model,
      shards: new Map([['1', { nodes: ['1', '4'] }]]),
      size: { capacity: 50 * gb, current: 7 },
    }
    const plan = planAddShard(writable, { ...request, id: '1', ifExists: 'update' })
    expect(writesOf(plan)).toEqual({ '/shards-map': { 1: { nodes: ['2', '5'] } } })
    expect(plan.warnings).toEqual([
      'Shard 1 existed already: only its nodes count, its size stays 50gb',
      'Its nodes were 1,4 and are 2,5 now',
    ])
  })

  test('that exists with these nodes changes nothing', () => {
    const plan = planAddShard(model, { ...request, id: '1', nodes: ['1', '4'], ifExists: 'update' })
    expect(plan.writes).toEqual([])
  })

  test('warns of nodes on one host, and of a single node', () => {
    expect(planAddShard(model, { ...request, nodes: ['2', '3'] }).warnings).toEqual([
      'Nodes 2 and 3 of shard 2 are both on one: when it is lost, so are their copies',
    ])
    expect(planAddShard(model, { ...request, nodes: ['2'] }).warnings).toEqual([
      'Shard 2 has a single node: there is no second copy of its photos',
    ])
  })

  test.each([
    { change: { nodes: [] }, says: 'Shard 2 needs at least one node' },
    { change: { nodes: ['9'] }, says: 'There is no server "9"; there are 1,2,3,4,5,6' },
    { change: { nodes: ['toString'] }, says: 'There is no server "toString"' },
    { change: { nodes: ['2', '2'] }, says: 'Node 2 is given more than once' },
    { change: { nodes: ['2', '4'] }, says: 'Server 4 is in shard 1: a server belongs to one shard only' },
    { change: { capacityBytes: 0 }, says: 'The size of a shard must be above 0' },
    { change: { capacityBytes: -1 }, says: 'The size of a shard must be above 0' },
    { change: { capacityBytes: 1.5 }, says: 'The size of a shard must be above 0' },
    { change: { id: '1:2' }, says: '"1:2" is no id of a shard' },
  ])('with $change is refused', ({ change, says }) => {
    expect(() => planAddShard(model, { ...request, ...change })).toThrow(
      expect.objectContaining({ code: 'EDIT_REFUSED', message: expect.stringContaining(says) as string }),
    )
  })

  test('says every reason at once', () => {
    expect(() => planAddShard(model, { ...request, nodes: ['1', '9'], capacityBytes: 0 })).toThrow(
      expect.objectContaining({
        details: {
          reasons: [
            'Server 1 is in shard 1: a server belongs to one shard only',
            'There is no server "9"; there are 1,2,3,4,5,6',
            'The size of a shard must be above 0',
          ],
        },
      }),
    )
  })
})

describe('enabling and disabling a shard', () => {
  const size = { capacity: gb, current: 0 }

  test('changes read_only and nothing else', () => {
    const enabled = planSetShardWritable({ ...model, size }, { id: '1', writable: true })
    expect(writesOf(enabled)).toEqual({ '/shards-map': { 1: { nodes: ['1', '4'] } } })
    expect(enabled).toMatchObject({ done: ['Enabled shard 1 for writing'], warnings: [] })
    const shards = new Map([['1', { nodes: ['1', '4'] }]])
    const disabled = planSetShardWritable({ ...model, shards }, { id: '1', writable: false })
    expect(writesOf(disabled)).toEqual({ '/shards-map': { 1: { nodes: ['1', '4'], read_only: true } } })
    expect(disabled.done).toEqual(['Shard 1 is read-only now'])
  })

  test('changes nothing when it is so already', () => {
    expect(planSetShardWritable(model, { id: '1', writable: false }).writes).toEqual([])
  })

  test('of an unknown shard is refused, of one without nodes too', () => {
    expect(() => planSetShardWritable(model, { id: '9', writable: true })).toThrow(
      'There is no shard 9; there are 1',
    )
    const shards = new Map([['1', { nodes: ['9'], read_only: true }]])
    expect(() => planSetShardWritable({ ...model, shards }, { id: '1', writable: true })).toThrow(
      'Shard 1 has no nodes',
    )
  })

  test('warns when the shard has no size', () => {
    expect(planSetShardWritable(model, { id: '1', writable: true }).warnings).toEqual([
      'Shard 1 has no size: nothing is written to it until it is given one',
    ])
  })
})

describe('resizing a shard', () => {
  const sized = { ...model, size: { capacity: 100 * gb, current: 40 * gb, tag: 'kept' } }

  test('changes its capacity and nothing else', () => {
    const plan = planResizeShard(sized, { id: '1', capacityBytes: 150 * gb })
    expect(writesOf(plan)).toEqual({
      '/shard-size-1': { capacity: 150 * gb, current: 40 * gb, tag: 'kept' },
    })
    expect(plan).toMatchObject({ done: ['Shard 1 has size 150gb now, it was 100gb'], warnings: [] })
  })

  test('below what is used is allowed with a warning', () => {
    expect(planResizeShard(sized, { id: '1', capacityBytes: 40 * gb }).warnings).toEqual([
      'Shard 1 holds 40gb already: nothing more is written to it',
    ])
  })

  test('to nothing, or of an unknown shard, is refused', () => {
    expect(() => planResizeShard(sized, { id: '1', capacityBytes: 0 })).toThrow('must be above 0')
    expect(() => planResizeShard(sized, { id: '2', capacityBytes: 1 })).toThrow('There is no shard 2')
  })

  test('gives a size to a shard that has lost its own', () => {
    const plan = planResizeShard(model, { id: '1', capacityBytes: gb })
    expect(writesOf(plan)).toEqual({ '/shard-size-1': { capacity: gb, current: 0 } })
  })
})

describe('setting the queue', () => {
  const servers = [
    { host: 'one', port: 13_001 },
    { host: 'two', port: 13_002 },
  ]

  test('writes key and servers', () => {
    const plan = planSetQueue(model, { key: 'q', servers })
    expect(writesOf(plan)).toEqual({
      '/queue': {
        key: 'q',
        servers: [
          { host: 'one', port: '13001' },
          { host: 'two', port: '13002' },
        ],
      },
    })
    expect(plan).toMatchObject({ done: ['Queue info updated!'], warnings: [] })
  })

  test('to what it is changes nothing', () => {
    const queue = { key: 'q', servers }
    expect(planSetQueue({ ...model, queue }, { key: 'q', servers }).writes).toEqual([])
  })

  test('warns of tasks under the key before, and of a single server', () => {
    expect(planSetQueue(model, { key: 'other', servers: servers.slice(1) }).warnings).toEqual([
      'Tasks that still wait under the key q are moved by the daemons that run now',
      'With a single Redis server no upload can be queued while that one is away',
    ])
  })

  test('without servers, without a key, or with a server twice is refused', () => {
    expect(() => planSetQueue(model, { key: 'q', servers: [] })).toThrow('at least one Redis server')
    expect(() => planSetQueue(model, { key: '', servers })).toThrow('Queue key')
    expect(() => planSetQueue(model, { key: 'q', servers: [...servers, ...servers] })).toThrow(
      'one:13001, two:13002 is given twice',
    )
  })
})

test.each([
  ['add-server', () => planAddServer(empty, { id: '1', url: 'http://one:1', ifExists: 'update' })],
  ['remove-server', () => planRemoveServer(empty, { id: '1' })],
  ['add-shard', () => planAddShard(empty, { id: '1', nodes: ['1'], capacityBytes: 1, ifExists: 'update' })],
  ['enable-shard', () => planSetShardWritable(empty, { id: '1', writable: true })],
  ['resize-shard', () => planResizeShard(empty, { id: '1', capacityBytes: 1 })],
  ['set-queue', () => planSetQueue(empty, { key: 'q', servers: [{ host: 'one', port: 1 }] })],
])('before init %s says that the cluster is not initialised', (_name, plan) => {
  expect(plan).toThrow(expect.objectContaining({ code: 'MODEL_MISSING' }))
})
