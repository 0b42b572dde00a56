// The queue on Redis while its servers are killed, emptied, restored, frozen, or all away.
import { RedisProcess, until } from '@backpack/test-cluster'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RedisQueue, type RedisQueueOptions } from '../../src/queue/redis-queue.js'
import type { Claim, Task } from '../../src/queue/replication-queue.js'
import { encodeTask } from '../../src/queue/task-codec.js'
import { claimAll, pathsOf } from '../queue/queue-contract.js'
import { printedRandom } from '../queue/seeded-random.js'
import { copyTask, copyTasks } from '../queue/some-tasks.js'
import { thrownBy } from '../queue/thrown.js'

const full = process.env['BACKPACK_FAULTS_FULL'] === '1'
const commandTimeoutMs = 1_000
const laterServerMs = 500
/** What a call may take at most where one server is silent: its timeout, and what a busy machine adds. */
const boundMs = commandTimeoutMs + 1_000

let servers: RedisProcess[]
let queues: RedisQueue[]

beforeEach(async () => {
  servers = await Promise.all([RedisProcess.start(), RedisProcess.start(), RedisProcess.start()])
  queues = []
})

afterEach(async () => {
  await Promise.all(queues.map((queue) => queue.close()))
  await Promise.all(servers.map((server) => server.close()))
})

function open(options: Partial<RedisQueueOptions> = {}): RedisQueue {
  const queue = RedisQueue.open({
    key: 'queue',
    servers: servers.map(({ port }) => ({ host: '127.0.0.1', port })),
    limits: { laterServerMs },
    commandTimeoutMs,
    ...options,
  })
  queues.push(queue)
  return queue
}

/** Claims, without completing, until all of these came; anything else fails. */
async function expectAll(queue: RedisQueue, tasks: readonly Task[]): Promise<Claim[]> {
  const left = new Set(tasks.map(encodeTask))
  const found: Claim[] = []
  await until(async () => {
    found.push(...(await claimAll(queue)))
    for (const { id } of found) left.delete(id)
    return left.size === 0
  }, 'all tasks are claimed')
  expect(pathsOf(found)).toEqual(tasks.map(({ path }) => path).sort())
  return found
}

async function withinBound<T>(call: Promise<T>): Promise<T> {
  const startedMs = performance.now()
  const result = await call
  expect(performance.now() - startedMs).toBeLessThan(boundMs)
  return result
}

test('tasks of a server that was killed are claimed from the others, and those pushed after at once', async () => {
  const queue = open()
  await queue.push(copyTasks(60))
  await servers[0]?.kill()
  await withinBound(queue.push([copyTask(100)]))
  await expectAll(queue, [...copyTasks(60), copyTask(100)])
  await queue.push(Array.from({ length: 30 }, (_, at) => copyTask(200 + at)))
  const figures = await queue.figures()
  expect(figures).toMatchObject({ due: 30, serversUp: 2, servers: 3 })
})

test('a server that was killed takes part again once it is back', async () => {
  const queue = open()
  await servers[1]?.kill()
  await queue.push(copyTasks(10))
  await servers[1]?.restart()
  await until(async () => (await queue.figures()).serversUp === 3, 'three servers answer')
  await queue.push(copyTasks(40, '3'))
  await expectAll(queue, [...copyTasks(10), ...copyTasks(40, '3')])
})

test('a server that was emptied costs no task', async () => {
  const queue = open()
  await queue.push(copyTasks(60))
  await servers[2]?.restartEmpty()
  await until(async () => (await queue.figures()).serversUp === 3, 'three servers answer')
  expect((await queue.figures()).total).toBe(60)
  await expectAll(queue, copyTasks(60))
})

test('a server that is back with old data brings back finished tasks at most, each once', async () => {
  const queue = open()
  await queue.push(copyTasks(60))
  const snapshot = servers[0]?.snapshot() ?? ''
  const first = await expectAll(queue, copyTasks(60))
  await queue.complete(first.map(({ id }) => id))
  await queue.push(copyTasks(20, '3'))
  await servers[0]?.restartFrom(snapshot)
  await until(async () => (await queue.figures()).serversUp === 3, 'three servers answer')
  const claimed: string[] = []
  await until(async () => {
    const ids = (await claimAll(queue)).map(({ id }) => id)
    claimed.push(...ids)
    await queue.complete(ids)
    return (await queue.figures()).total === 0
  }, 'the queue is empty')
  expect(new Set(claimed).size).toBe(claimed.length)
  const finished = first.map(({ id }) => id)
  const rest = claimed.filter((id) => !finished.includes(id))
  expect(rest.sort()).toEqual(copyTasks(20, '3').map(encodeTask).sort())
})

test.each([
  ['that its first server still has', []],
  ['that one of two later servers gave', [0]],
] as const)('a task %s is not handed out by another', async (_, killed) => {
  const queue = open({ limits: { laterServerMs: 100 } })
  await queue.push(copyTasks(90))
  for (const server of killed) await servers[server]?.kill()
  const claimed = await expectAll(queue, copyTasks(90))
  // Each is due again and again on the servers that did not give it, which ask each time.
  const alive = servers.filter((_, at) => !killed.some((server) => server === at))
  const clients = alive.map(({ port }) => new Redis({ host: '127.0.0.1', port }))
  try {
    const nextTurnMs = async () => {
      const times: number[] = []
      for (const client of clients) {
        const found = await client.zrange('queue:later:2', '0', '-1', 'WITHSCORES')
        times.push(...found.filter((_, at) => at % 2 === 1).map(Number))
      }
      return Math.min(...times)
    }
    const firstMs = await nextTurnMs()
    const more: Claim[] = []
    await until(async () => {
      more.push(...(await claimAll(queue)))
      return (await nextTurnMs()) > firstMs + 400
    }, 'the others have asked, and more than once')
    expect(more).toEqual([])
  } finally {
    for (const client of clients) client.disconnect()
  }
  await queue.complete(claimed.map(({ id }) => id))
  expect((await queue.figures()).total).toBe(0)
})

test('a frozen server delays a call by its timeout at most, and is passed over from then on', async () => {
  const timeoutMs = 4_000
  const queue = open({ commandTimeoutMs: timeoutMs })
  await queue.push(copyTasks(60))
  servers[0]?.freeze()
  await queue.push([copyTask(100)])
  const startedMs = performance.now()
  let longestMs = 0
  for (let at = 0; performance.now() - startedMs < 1_500; at++) {
    const roundMs = performance.now()
    await queue.push([copyTask(200 + at)])
    const claims = await claimAll(queue, { limit: 5 })
    await queue.complete(claims.map(({ id }) => id))
    longestMs = Math.max(longestMs, performance.now() - roundMs)
  }
  expect(longestMs).toBeLessThan(timeoutMs / 2)
  servers[0]?.thaw()
  await until(async () => (await queue.figures()).serversUp === 3, 'three servers answer')
})

test.each(['claim', 'complete', 'renew', 'figures'] as const)(
  'a server that freezes delays %s by its timeout at most',
  async (call) => {
    const queue = open()
    await queue.push(copyTasks(60))
    const ids = (await claimAll(queue, { limit: 10 })).map(({ id }) => id)
    servers[1]?.freeze()
    if (call === 'claim') expect((await withinBound(claimAll(queue))).length).toBeGreaterThan(0)
    else if (call === 'complete') await withinBound(queue.complete(ids))
    else if (call === 'renew') await withinBound(queue.renew(ids, 10_000))
    else expect(await withinBound(queue.figures())).toMatchObject({ serversUp: 2, servers: 3 })
    servers[1]?.thaw()
  },
)

test.each(['killed', 'frozen'] as const)('with all servers %s every call says so soon', async (how) => {
  const queue = open()
  await queue.push([copyTask(1)])
  for (const server of servers) {
    if (how === 'killed') await server.kill()
    else server.freeze()
  }
  const calls = [
    () => queue.push([copyTask(2)]),
    () => queue.claim({ limit: 1, leaseMs: 1_000 }),
    () => queue.complete([encodeTask(copyTask(1))]),
    () => queue.figures(),
  ]
  for (const call of calls) {
    const error = await withinBound(thrownBy(call()))
    expect(error.code).toBe('QUEUE_AWAY')
    for (const { address } of servers) expect(error.message).toContain(address)
  }
  for (const server of servers) {
    if (how === 'killed') await server.restart()
    else server.thaw()
  }
  await until(async () => (await claimAll(queue)).length > 0, 'the task is there')
})

test('a queue opened before its servers are up finds them later', async () => {
  for (const server of servers) await server.kill()
  const queue = open()
  expect((await withinBound(thrownBy(queue.push([copyTask(1)])))).code).toBe('QUEUE_AWAY')
  await servers[1]?.restart()
  await until(
    () =>
      queue.push([copyTask(1)]).then(
        () => true,
        () => false,
      ),
    'a server takes it',
  )
  await expectAll(queue, [copyTask(1)])
})

test('whatever happens to one server after the other, every task that was pushed is done', async () => {
  const rounds = full ? 60 : 4
  const random = printedRandom(`${rounds} mishaps of a server`)
  const queue = open()
  const worker = open()
  const pushed = new Set<string>()
  const done = new Set<string>()
  let number = 0
  let isOver = false
  const push = async () => {
    while (!isOver) {
      const tasks = Array.from({ length: random.between(1, 20) }, () =>
        copyTask(number++, String(number % 4)),
      )
      await queue.push(tasks)
      for (const task of tasks) pushed.add(encodeTask(task))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const work = async () => {
    while (!isOver || done.size < pushed.size) {
      const claims = await worker.claim({ limit: 50, leaseMs: 2_000 })
      await worker.complete(claims.map(({ id }) => id))
      for (const { id } of claims) done.add(id)
      if (claims.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const spoil = async () => {
    for (let round = 0; round < rounds; round++) {
      const server = servers[random.between(0, 2)] as RedisProcess
      const snapshot = server.snapshot()
      const mishap = random.between(0, 3)
      if (mishap === 0) {
        await server.kill()
        await new Promise((resolve) => setTimeout(resolve, random.between(0, 500)))
        await server.restart()
      } else if (mishap === 1) {
        await server.restartEmpty()
      } else if (mishap === 2) {
        await new Promise((resolve) => setTimeout(resolve, random.between(0, 200)))
        await server.restartFrom(snapshot)
      } else {
        server.freeze()
        await new Promise((resolve) => setTimeout(resolve, random.between(0, 2_000)))
        server.thaw()
      }
      await until(async () => (await queue.figures()).serversUp === 3, 'three servers answer')
      // What was queued while one was away is on two: the next mishap must not take the last copy.
      const before = [...pushed]
      await until(() => before.every((id) => done.has(id)), 'tasks before are done')
    }
    isOver = true
  }
  await Promise.all([push(), work(), spoil()])
  expect([...pushed].filter((id) => !done.has(id))).toEqual([])
  await until(async () => {
    const claims = await claimAll(worker)
    await worker.complete(claims.map(({ id }) => id))
    return (await worker.figures()).total === 0
  }, 'what came back is worked off')
})

test('a node that is away for ever costs no more memory than its bound', async () => {
  const tasksPerTargetMax = full ? 1_000_000 : 20_000
  const [server] = servers as [RedisProcess]
  const queue = RedisQueue.open({
    key: 'queue',
    servers: [{ host: '127.0.0.1', port: server.port }],
    limits: { tasksPerTargetMax },
    commandTimeoutMs: 10_000,
  })
  queues.push(queue)
  const client = new Redis({ host: '127.0.0.1', port: server.port })
  try {
    const usedBytes = async () => Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1])
    const before = await usedBytes()
    const batch = 5_000
    const push = async (from: number, to: number) => {
      for (let at = from; at < to; at += batch) {
        await queue.push(Array.from({ length: Math.min(batch, to - at) }, (_, each) => copyTask(at + each)))
      }
    }
    await push(0, tasksPerTargetMax)
    expect((await queue.figures()).needsRepair).toEqual({})
    const atBound = (await usedBytes()) - before
    console.log(
      `${tasksPerTargetMax} tasks of ${encodeTask(copyTask(tasksPerTargetMax)).length} bytes: ` +
        `${Math.round(atBound / tasksPerTargetMax)} bytes of Redis memory per task`,
    )
    await push(tasksPerTargetMax, 2 * tasksPerTargetMax)
    expect((await usedBytes()) - before).toBeLessThan(atBound * 1.01 + 1_000_000)
    const figures = await queue.figures()
    expect(figures.total).toBe(tasksPerTargetMax)
    expect(Object.keys(figures.needsRepair)).toEqual(['2'])
    expect(pathsOf(await claimAll(queue, { limit: 1 }))).toEqual(['/photos/0.jpg'])
  } finally {
    client.disconnect()
  }
})
