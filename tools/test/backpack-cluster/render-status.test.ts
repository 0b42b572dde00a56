import { expect, test } from 'vitest'
import type { ClusterStatus } from '../../src/backpack-cluster/status/collect-status.js'
import { describeAge } from '../../src/backpack-cluster/status/describe-figures.js'
import { renderBar, renderStatus } from '../../src/backpack-cluster/status/render-status.js'

const gb = 2 ** 30
const atMs = Date.UTC(2026, 0, 2, 3, 4, 5)

const status: ClusterStatus = {
  cluster: 'one:2181/backpack',
  atMs,
  shards: [
    { id: '1', writable: true, capacityBytes: 100 * gb, currentBytes: 50 * gb, nodes: ['1', '4'] },
    { id: '2', writable: false, capacityBytes: 100 * gb, currentBytes: 120 * gb, nodes: ['2', '5'] },
    { id: '3', writable: false, capacityBytes: null, currentBytes: 0, nodes: ['9'] },
  ],
  servers: [
    { id: '1', url: 'http://one:1', state: 'up' },
    { id: '2', url: 'http://one:2', state: 'not ready' },
    { id: '4', url: 'http://two:4', state: 'down' },
    { id: '5', url: 'http://two:5', state: 'up' },
    { id: '7', url: 'http://two:7', state: 'down' },
  ],
  queue: {
    where: 'q on one:13001,two:13002',
    figures: {
      due: 3,
      delayed: 2,
      leased: 1,
      parked: 4,
      total: 6,
      oldestAgeMs: 90_000,
      needsRepair: { 4: atMs },
      servers: 2,
      serversUp: 1,
    },
  },
  daemons: [
    {
      id: 'coordinator-one-7-abc',
      kind: 'coordinator',
      hostname: 'one',
      pid: 7,
      startedAtMs: atMs - 7_200_000,
      url: 'http://one:12001/',
      packageVersion: '1.0.0',
    },
  ],
  problems: ['There is no /shard-size-3'],
}

test('one screen shows shards with bars, nodes, queue, daemons and problems', () => {
  expect(renderStatus(status).join('\n')).toBe(
    `Cluster one:2181/backpack at 2026-01-02T03:04:05Z

Shards
  shard      use                              used     size  nodes
  1      rw  [##########----------]   50 %   50 GB   100 GB  1 up, 4 DOWN
  2      r   [####################]  120 %  120 GB   100 GB  2 NOT READY, 5 up
  3      r                                     0 B  unknown  9 DOWN
  all        [#################---]   85 %  170 GB   200 GB

Servers in no shard
  7 DOWN  http://two:7

Queue
  q on one:13001,two:13002
  6 tasks waiting: 3 due, 2 delayed, 1 being done
  the oldest has waited 1 min
  4 tasks PARKED: see queue parked
  only 1 of 2 servers of the queue UP
  server 4 NEEDS REPAIR since 2026-01-02T03:04:05.000Z

Daemons
  daemon       host  pid  address            up for  version
  coordinator  one     7  http://one:12001/     2 h  1.0.0

Problems
  There is no /shard-size-3`,
  )
})

test('an empty cluster is one screen too', () => {
  const empty: ClusterStatus = {
    cluster: 'x',
    atMs,
    shards: [],
    servers: [],
    queue: { error: 'QUEUE is away' },
    daemons: [],
    problems: [],
  }
  expect(renderStatus(empty)).toEqual([
    'Cluster x at 2026-01-02T03:04:05Z',
    '',
    'Shards',
    '  none',
    '',
    'Queue',
    '  QUEUE is away',
    '',
    'Daemons',
    '  none registered',
  ])
})

test.each([
  [-1, 0],
  [0, 0],
  [0.5, 10],
  [1, 20],
  [7, 20],
])('a bar for %d has %d cells of 20 filled', (ratio, cells) => {
  expect(renderBar(ratio)).toBe(`[${'#'.repeat(cells)}${'-'.repeat(20 - cells)}]`)
})

test.each([
  [0, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_600_000, '1 h'],
  [200_000_000, '2 d'],
])('%d ms are shown as %s', (ageMs, text) => {
  expect(describeAge(ageMs)).toBe(text)
})

test('nothing from the tree can control the terminal', () => {
  const [daemon] = status.daemons
  if (daemon === undefined) throw new Error('The example has a daemon')
  const hostile = { ...status, daemons: [{ ...daemon, hostname: '\u001b[2Jone' }] }
  const text = renderStatus(hostile).join('\n')
  expect(text).toContain('\\u001b[2Jone')
  expect(text).not.toContain('\u001b')
})
