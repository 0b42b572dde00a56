import { until } from '@backpack/test-cluster'
import { expect, test } from 'vitest'
import type { QueueAddresses } from '../../src/cluster-snapshot.js'
import { openQueue, type QueueWatch } from '../../src/queue/open-queue.js'
import type { ReplicationQueue } from '../../src/queue/replication-queue.js'
import { claimAll, pathsOf } from './queue-contract.js'
import { copyTask, copyTasks } from './some-tasks.js'
import { patientMs, TestServers } from './test-servers.js'
import { thrownBy } from './thrown.js'

const servers = new TestServers(3)
const limits = { laterServerMs: 100 }

/** A watch of a model in which only the queue changes. */
class ChangingModel implements QueueWatch {
  snapshot: { readonly queue: QueueAddresses | undefined }
  readonly listeners = new Set<(snapshot: { readonly queue: QueueAddresses | undefined }) => void>()

  constructor(queue: QueueAddresses | undefined) {
    this.snapshot = { queue }
  }

  onChange(listener: (snapshot: { readonly queue: QueueAddresses | undefined }) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  change(queue: QueueAddresses | undefined): void {
    this.snapshot = { queue }
    for (const listener of this.listeners) listener(this.snapshot)
  }
}

function follow(model: ChangingModel): ReplicationQueue {
  const queue = openQueue(model, { limits, commandTimeoutMs: patientMs })
  servers.closeLater(queue)
  return queue
}

/** The queue on some of the servers. */
function on(key: string, ...numbers: number[]): QueueAddresses {
  return {
    key,
    servers: numbers.map((number) => servers.addresses[number] as QueueAddresses['servers'][number]),
  }
}

test('without a queue in the model every call says so, until there is one', async () => {
  const model = new ChangingModel(undefined)
  const queue = follow(model)
  const error = await thrownBy(queue.push([copyTask(1)]))
  expect(error.code).toBe('QUEUE_AWAY')
  expect(error.message).toContain('has no queue')
  expect((await thrownBy(queue.figures())).code).toBe('QUEUE_AWAY')
  model.change({ key: 'x', servers: [] })
  expect((await thrownBy(queue.claim({ limit: 1, leaseMs: 1_000 }))).code).toBe('QUEUE_AWAY')
  model.change(on(servers.newKey(), 0))
  await queue.push([copyTask(1)])
  expect(await claimAll(queue)).toHaveLength(1)
  model.change(undefined)
  expect((await queue.figures()).total).toBe(1)
})

test('a server that is added takes the tasks that come, and those before stay where they are', async () => {
  const key = servers.newKey()
  const model = new ChangingModel(on(key, 0))
  const queue = follow(model)
  await queue.push(copyTasks(20, '2'))
  const inHand = await claimAll(queue, { limit: 5 })
  model.change(on(key, 0, 1))
  await queue.push(copyTasks(20, '3'))
  expect(await queue.figures()).toMatchObject({ total: 40, leased: 5, servers: 2, serversUp: 2 })
  expect(await servers.client(1).exists(`${key}:tasks:3`)).toBe(1)
  await queue.complete(inHand.map(({ id }) => id))
  expect(await claimAll(queue)).toHaveLength(35)
})

test('tasks in hand while servers are removed are closed for good, the others are handed out', async () => {
  const key = servers.newKey()
  const model = new ChangingModel(on(key, 0, 1, 2))
  const queue = follow(model)
  await queue.push(copyTasks(60))
  const inHand = await claimAll(queue, { limit: 20 })
  model.change(on(key, 1))
  await queue.complete(inHand.map(({ id }) => id))
  const rest = new Set<string>()
  await until(async () => {
    for (const { id } of await claimAll(queue)) rest.add(id)
    return rest.size === 40
  }, 'the rest comes')
  expect(inHand.filter(({ id }) => rest.has(id))).toEqual([])
})

test.each([
  ['other servers', (key: string) => on(key, 1, 2)],
  ['another key', (key: string) => on(`${key}-new`, 0)],
])('after a move to %s what was queued before is found again, and parked tasks are due', async (_, place) => {
  const key = servers.newKey()
  const model = new ChangingModel(on(key, 0))
  const queue = follow(model)
  await queue.push(copyTasks(1_300))
  const [parked, closed] = await claimAll(queue, { limit: 2 })
  await queue.park(parked?.id ?? '', 'x')
  model.change(place(key))
  await queue.complete([closed?.id ?? ''])
  await until(async () => (await queue.figures()).total === 1_299, 'all tasks are moved')
  const claims = await queue.claim({ limit: 2_000, leaseMs: 60_000 })
  expect(new Set(pathsOf(claims)).size).toBe(1_299)
  await until(async () => (await servers.client(0).exists(`${key}:tasks:2`)) === 0, 'the server is left')
})

test('a queue that came back to a server keeps what is there', async () => {
  const key = servers.newKey()
  const model = new ChangingModel(on(key, 0))
  const queue = follow(model)
  await queue.push(copyTasks(2_000))
  for (const place of [1, 0, 2, 0, 1, 0]) {
    model.change(on(key, place))
    await queue.figures()
  }
  await until(async () => (await queue.figures()).total === 2_000, 'all tasks are there')
})

test('a queue that was closed follows no more', async () => {
  const model = new ChangingModel(on(servers.newKey(), 0))
  const queue = follow(model)
  await queue.close()
  await queue.close()
  expect(model.listeners.size).toBe(0)
  expect((await thrownBy(queue.push([copyTask(1)]))).code).toBe('QUEUE_CLOSED')
})
