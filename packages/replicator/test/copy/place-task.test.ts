import type { ClusterSnapshot, ServerNode, Shard, Task } from '@backpack/cluster-model'
import { expect, test } from 'vitest'
import { placeTask } from '../../src/copy/place-task.js'

const nodes = ['1', '2', '3'].map((id): ServerNode => ({ id, host: 'h', port: 1, url: `http://h:${id}` }))
const shard: Shard = {
  id: 'a',
  nodes: nodes.slice(0, 2),
  readOnly: true,
  capacityBytes: 1,
  currentBytes: 0,
  access: 'open',
  usedBytesMax: undefined,
  bucketFlags: 0,
  blobsMax: undefined,
}
const snapshot: ClusterSnapshot = {
  servers: new Map(nodes.map((node) => [node.id, node])),
  shards: new Map([['a', shard]]),
  queue: undefined,
  daemons: [],
  adminAccess: 'open',
  problems: [],
}

function place(change: Partial<Task>) {
  const task: Task = { op: 'copy', shard: 'a', path: '/x', version: undefined, from: ['1'], to: '2' }
  return placeTask({ ...task, ...change }, snapshot)
}

test('a task is placed at its target and in its shard, read-only or not', () => {
  expect(place({})).toEqual({ target: nodes[1], shard })
})

test('a task without a shard is placed in that of its target, if it has one', () => {
  expect(place({ shard: undefined })).toEqual({ target: nodes[1], shard })
  expect(place({ shard: undefined, to: '3' })).toEqual({ target: nodes[2], shard: undefined })
})

test('a task whose target or shard is gone, or no longer belong together, has no place', () => {
  expect(place({ to: '9' })).toEqual({ gone: 'server 9 is not in the model' })
  expect(place({ shard: 'b' })).toEqual({ gone: 'shard b is not in the model' })
  expect(place({ to: '3' })).toEqual({ gone: 'server 3 is not in shard a' })
})
