import { ClusterError, type ReplicationQueue, type Task } from '@backpack/cluster-model'
import { expect, test } from 'vitest'
import { coordinatorLimits } from '../src/limits.js'
import { QueueLink } from '../src/queue-link.js'
import { thrownBy } from './helpers/thrown.js'

const log = { info() {}, warn() {}, error() {} }

function task(path: string): Task {
  return { op: 'copy', shard: '1', path, version: undefined, from: ['1'], to: '2' }
}

/** A queue that takes each push when it is told to; nothing else of it is used here. */
function heldQueue() {
  const pushes: { paths: string[]; take: () => void; refuse: (error: Error) => void }[] = []
  const push = (tasks: readonly Task[]) =>
    new Promise<void>((take, refuse) => pushes.push({ paths: tasks.map(({ path }) => path), take, refuse }))
  return { pushes, queue: { push } as unknown as ReplicationQueue }
}

test('tasks that come while a push is under way go together with the next one', async () => {
  const { pushes, queue } = heldQueue()
  const link = new QueueLink(queue, { limits: { ...coordinatorLimits, pushesPerBatchMax: 3 }, log })
  const taken = ['a', 'b', 'c', 'd', 'e'].map((path) => link.push([task(path)]))
  expect(pushes.map(({ paths }) => paths)).toEqual([['a']])
  pushes[0]!.take()
  expect(await taken[0]).toBe(true)
  expect(pushes.map(({ paths }) => paths)).toEqual([['a'], ['b', 'c', 'd']])
  pushes[1]!.take()
  expect(await Promise.all(taken.slice(1, 4))).toEqual([true, true, true])
  pushes[2]!.take()
  expect(await taken[4]).toBe(true)
})

test('all of a batch learn that no queue server took it, and the next batch is tried', async () => {
  const { pushes, queue } = heldQueue()
  const link = new QueueLink(queue, { limits: coordinatorLimits, log })
  const taken = ['a', 'b', 'c'].map((path) => link.push([task(path)]))
  expect(link.away).toBe(false)
  pushes[0]!.take()
  await taken[0]
  pushes[1]!.refuse(new ClusterError('QUEUE_AWAY', 'No queue server answers'))
  expect(await Promise.all(taken.slice(1))).toEqual([false, false])
  expect(link.away).toBe(true)
  const next = link.push([task('d')])
  pushes[2]!.take()
  expect(await next).toBe(true)
  expect(link.away).toBe(false)
})

test('any other refusal is thrown to all of the batch', async () => {
  const { pushes, queue } = heldQueue()
  const link = new QueueLink(queue, { limits: coordinatorLimits, log })
  const taken = link.push([task('a')])
  pushes[0]!.refuse(new ClusterError('QUEUE_CLOSED', 'The queue is closed'))
  expect((await thrownBy(() => taken)).code).toBe('QUEUE_CLOSED')
})
