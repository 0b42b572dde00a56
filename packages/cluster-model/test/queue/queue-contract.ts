// What every queue promises. Run over LocalQueue, and over RedisQueue with one and with three servers.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { until } from '@backpack/test-cluster'
import { afterEach, describe, expect, test } from 'vitest'
import type { QueueLimitOptions } from '../../src/queue/queue-limits.js'
import type { Claim, ClaimOptions, ReplicationQueue, Task } from '../../src/queue/replication-queue.js'
import { encodeTask } from '../../src/queue/task-codec.js'
import { printedRandom } from './seeded-random.js'
import { copyTask, copyTasks } from './some-tasks.js'
import { thrownBy } from './thrown.js'

export interface QueueHome {
  /** A queue with nothing in it, as two processes see it that share it; closed by the contract. */
  open(limits: QueueLimitOptions): Promise<readonly [ReplicationQueue, ReplicationQueue]>
}

const shortLimits = { laterServerMs: 200, backoffFirstMs: 40, backoffMostMs: 80 }
const longMs = 60_000
/** To be waited for. It may end before the next call comes: what is to be seen while it lasts takes longMs. */
const shortMs = 300

export function testQueueContract(name: string, home: QueueHome): void {
  const opened: ReplicationQueue[] = []

  async function open(
    limits: QueueLimitOptions = {},
  ): Promise<readonly [ReplicationQueue, ReplicationQueue]> {
    const queues = await home.open({ ...shortLimits, ...limits })
    opened.push(...queues)
    return queues
  }

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((queue) => queue.close()))
  })

  describe(name, () => {
    test('a task that was pushed is claimed once, as it was', async () => {
      const [queue, other] = await open()
      const task: Task = { ...copyTask(1), path: '/%20?x=%2F&y#:1%F0%9F%93%B7', from: ['3', '1'] }
      await queue.push([task])
      const [claim, ...more] = await claimAll(other)
      expect(more).toEqual([])
      expect(claim).toMatchObject({ task, id: encodeTask(task), attempts: 0 })
      expect(Math.abs((claim?.queuedAtMs ?? 0) - Date.now())).toBeLessThan(longMs)
      expect(await claimAll(queue)).toEqual([])
    })

    test('nothing is claimed from a queue with nothing in it, and no task can be pushed', async () => {
      const [queue] = await open()
      await queue.push([])
      expect(await claimAll(queue)).toEqual([])
      expect((await queue.figures()).total).toBe(0)
    })

    test('what is no task is refused, and none of those pushed with it is kept', async () => {
      const [queue] = await open()
      const error = await thrownBy(queue.push([copyTask(1), { ...copyTask(2), path: 'x' }]))
      expect(error.code).toBe('TASK_INVALID')
      expect((await queue.figures()).total).toBe(0)
    })

    test('a task that was completed never comes again', async () => {
      const [queue, other] = await open({ laterServerMs: 100 })
      await queue.push([copyTask(1)])
      const [claim] = await claimAll(queue, { leaseMs: shortMs })
      await other.complete([claim?.id ?? ''])
      expect((await queue.figures()).total).toBe(0)
      await queue.push([copyTask(2)])
      await waitForAge(queue, 2 * shortMs)
      expect(pathsOf(await claimAll(queue))).toEqual(['/photos/2.jpg'])
    })

    test('a task that is pushed again while it is there is one task, and keeps its lease', async () => {
      const [queue, other] = await open()
      await queue.push([copyTask(1), copyTask(1)])
      await other.push([copyTask(1)])
      expect((await queue.figures()).total).toBe(1)
      const [claim] = await claimAll(queue)
      await other.push([copyTask(1)])
      expect(await claimAll(other)).toEqual([])
      await queue.complete([claim?.id ?? ''])
      expect((await queue.figures()).total).toBe(0)
      await other.push([copyTask(1)])
      expect(await claimAll(queue)).toHaveLength(1)
    })

    test('a claim takes no more than its limit, and all there is in the end', async () => {
      const [queue] = await open()
      await queue.push([...copyTasks(20, '2'), ...copyTasks(17, '3')])
      const counts: number[] = []
      for (let claims = await claimAll(queue, { limit: 5 }); claims.length > 0; ) {
        counts.push(claims.length)
        await queue.complete(claims.map(({ id }) => id))
        claims = await claimAll(queue, { limit: 5 })
      }
      expect(Math.max(...counts)).toBe(5)
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(37)
    })

    test('a claim gives a node with few tasks its share beside one with many', async () => {
      const [queue] = await open()
      await queue.push(copyTasks(500, '2'))
      await queue.push(copyTasks(6, '3'))
      const claims = await claimAll(queue, { limit: 60 })
      expect(claims).toHaveLength(60)
      expect(claims.filter(({ task }) => task.to === '3')).toHaveLength(6)
    })

    test('a claim leaves alone the nodes it is told to', async () => {
      const [queue] = await open()
      await queue.push([copyTask(1, '2'), copyTask(1, '3'), copyTask(1, '4')])
      const claims = await claimAll(queue, { exceptTo: ['2', '4'] })
      expect(claims.map(({ task }) => task.to)).toEqual(['3'])
    })

    test('a lease that ends makes the task due again, uncounted', async () => {
      const [queue, other] = await open()
      await queue.push([copyTask(1)])
      expect(await claimAll(queue)).toHaveLength(1)
      expect(await claimAll(other)).toEqual([])
      expect(await queue.figures()).toMatchObject({ due: 0, leased: 1 })
      await queue.push([copyTask(2)])
      const first = await claimAll(queue, { leaseMs: shortMs })
      expect(pathsOf(first)).toEqual(['/photos/2.jpg'])
      await until(async () => (await queue.figures()).due === 1, 'the task is due')
      expect(await queue.figures()).toMatchObject({ delayed: 0, leased: 1, total: 2 })
      expect(await claimAll(other)).toEqual(first)
    })

    test('a lease that is renewed holds on', async () => {
      const [queue, other] = await open({ laterServerMs: 50 })
      await queue.push([copyTask(1)])
      const [claim] = await claimAll(queue, { leaseMs: shortMs })
      await queue.renew([claim?.id ?? ''], longMs)
      await queue.renew([claim?.id ?? ''], shortMs / 2)
      await queue.push([copyTask(2)])
      await waitForAge(queue, 2 * shortMs)
      expect(pathsOf(await claimAll(other))).toEqual(['/photos/2.jpg'])
      expect((await queue.figures()).leased).toBe(2)
    })

    test('a task that failed comes again after its backoff, and knows how often', async () => {
      const [queue, other] = await open({ backoffFirstMs: shortMs, backoffMostMs: longMs })
      await queue.push([copyTask(1)])
      const [first] = await claimAll(queue)
      await queue.fail(first?.id ?? '', 0)
      const [second] = await claimSoon(other)
      expect(second).toEqual({ ...first, attempts: 1 })
      await other.fail(first?.id ?? '', 1)
      const [third] = await claimSoon(queue)
      expect(third).toEqual({ ...first, attempts: 2 })
      // By now its backoff is a long one.
      await queue.fail(first?.id ?? '', 20)
      expect(await claimAll(other)).toEqual([])
      expect(await queue.figures()).toMatchObject({ due: 0, delayed: 1, leased: 0, total: 1 })
    })

    test('tasks of a paused node are left alone, those in hand too', async () => {
      const [queue, other] = await open()
      await queue.push([copyTask(1, '2'), copyTask(2, '2'), copyTask(3, '3')])
      const inHand = await claimAll(queue, { limit: 1, exceptTo: ['3'] })
      expect(inHand).toHaveLength(1)
      await queue.pauseTarget('2', longMs)
      expect(await queue.figures()).toMatchObject({ due: 1, delayed: 2, leased: 0 })
      const claims = await claimAll(other)
      expect(claims.map(({ task }) => task.to)).toEqual(['3'])
      expect(await claimAll(other)).toEqual([])
    })

    test('after a pause the tasks of a node come back uncounted, those that were in hand too', async () => {
      const [queue, other] = await open()
      await queue.push([copyTask(1, '2'), copyTask(2, '2')])
      expect(await claimAll(queue, { limit: 1 })).toHaveLength(1)
      await queue.pauseTarget('2', shortMs)
      const back = await claimSoon(other, 2)
      expect(back.map(({ task, attempts }) => [task.to, attempts])).toEqual([
        ['2', 0],
        ['2', 0],
      ])
    })

    test('a pause that is ended lets the tasks go at once', async () => {
      const [queue, other] = await open()
      await queue.push([copyTask(1)])
      await queue.pauseTarget('2', longMs)
      expect(await claimAll(other)).toEqual([])
      await other.pauseTarget('2', 0)
      expect(await claimAll(queue)).toHaveLength(1)
    })

    test('a parked task is set aside with its reason until it is retried', async () => {
      const [queue, other] = await open({ laterServerMs: 50 })
      await queue.push([copyTask(1)])
      const [claim] = await claimAll(queue)
      await queue.fail(claim?.id ?? '', 4)
      await queue.park(claim?.id ?? '', 'no source has it')
      expect(await queue.figures()).toMatchObject({ parked: 1, total: 0 })
      const [parked, ...more] = await other.parked(10)
      expect(more).toEqual([])
      expect(parked).toMatchObject({ id: claim?.id, task: copyTask(1), reason: 'no source has it' })
      expect(Math.abs((parked?.parkedAtMs ?? 0) - Date.now())).toBeLessThan(longMs)
      await queue.push([copyTask(2)])
      await waitForAge(queue, 200)
      expect(pathsOf(await claimAll(queue))).toEqual(['/photos/2.jpg'])

      expect(await other.retry()).toBe(1)
      expect(await other.retry()).toBe(0)
      expect(await queue.parked(10)).toEqual([])
      expect((await queue.figures()).parked).toBe(0)
      const [again] = await claimAll(queue)
      expect(again).toMatchObject({ id: claim?.id, attempts: 0 })
    })

    test('only the parked tasks that are named are retried, and those that are pushed again', async () => {
      const [queue] = await open()
      await queue.push(copyTasks(5))
      for (const { id } of await claimAll(queue)) await queue.park(id, 'x')
      expect(await queue.retry([encodeTask(copyTask(1)), encodeTask(copyTask(9)), 'no task'])).toBe(1)
      await queue.push([copyTask(3)])
      expect(pathsOf(await claimAll(queue))).toEqual(['/photos/1.jpg', '/photos/3.jpg'])
      expect(await queue.parked(2)).toHaveLength(2)
      expect(await queue.parked(10)).toHaveLength(3)
    })

    test('with too many parked tasks the node of a further one needs a repair instead', async () => {
      const [queue] = await open({ parkedMax: 2 })
      await queue.push(copyTasks(3))
      for (const { id } of await claimAll(queue)) await queue.park(id, 'x')
      const { parked, total, needsRepair } = await queue.figures()
      expect({ parked, total, nodes: Object.keys(needsRepair) }).toEqual({
        parked: 2,
        total: 0,
        nodes: ['2'],
      })
      await queue.beginRepair('2')
      await queue.push([copyTask(9)])
      expect((await queue.figures()).total).toBe(1)
    })

    test('a node with too many tasks needs a repair, and no more are kept for it alone', async () => {
      const [queue, other] = await open({ tasksPerTargetMax: 10 })
      await queue.push(copyTasks(25, '2'))
      await queue.push(copyTasks(5, '3'))
      const { total, needsRepair } = await other.figures()
      expect(total).toBe(15)
      expect(Object.keys(needsRepair)).toEqual(['2'])
      expect(Math.abs((needsRepair['2'] ?? 0) - Date.now())).toBeLessThan(longMs)

      await queue.complete((await claimAll(queue)).map(({ id }) => id))
      await queue.push([copyTask(99, '2')])
      expect((await queue.figures()).total).toBe(0)
      expect(await queue.beginRepair('2')).toBe(needsRepair['2'])
      expect((await queue.figures()).needsRepair).toEqual(needsRepair)
      await other.push([copyTask(99, '2')])
      expect((await queue.figures()).total).toBe(1)
      await other.endRepair('2')
      expect((await queue.figures()).needsRepair).toEqual({})
      expect(await queue.beginRepair('2')).toBeUndefined()
    })

    test('a node that comes to need a repair anew during one still does at its end', async () => {
      const [queue] = await open({ tasksPerTargetMax: 3 })
      await queue.push(copyTasks(5))
      const sinceMs = await queue.beginRepair('2')
      await queue.push(copyTasks(5))
      await queue.endRepair('2')
      const { needsRepair } = await queue.figures()
      expect(Object.keys(needsRepair)).toEqual(['2'])
      expect(needsRepair['2']).toBeGreaterThanOrEqual(sinceMs ?? Number.POSITIVE_INFINITY)
    })

    test('a node that has failed too long needs a repair at its next task', async () => {
      const [queue, other] = await open({ failingMsMax: 100 })
      await queue.markTarget('2', 'failing')
      // Younger than the failure, by the clock of the queue.
      await queue.push([copyTask(1, '3')])
      await waitForAge(queue, 150)
      await other.markTarget('2', 'failing')
      expect((await queue.figures()).needsRepair).toEqual({})
      await queue.push([copyTask(2)])
      const figures = await queue.figures()
      expect(Object.keys(figures.needsRepair)).toEqual(['2'])
      expect(figures.total).toBe(1)
    })

    test('a node that has not failed for long gets its tasks', async () => {
      const [queue] = await open({ failingMsMax: longMs })
      await queue.markTarget('2', 'failing')
      await queue.push([copyTask(1)])
      const { needsRepair, total } = await queue.figures()
      expect({ needsRepair, total }).toEqual({ needsRepair: {}, total: 1 })
    })

    test.each([
      ['is said to answer', (queue: ReplicationQueue) => queue.markTarget('2', 'answering')],
      ['has had a task done', (queue: ReplicationQueue) => queue.complete([encodeTask(copyTask(7))])],
    ])('a node that failed and %s needs no repair', async (_, answer) => {
      const [queue, other] = await open({ failingMsMax: 100 })
      await queue.push([copyTask(1)])
      await queue.markTarget('2', 'failing')
      await answer(other)
      await waitForAge(queue, 150)
      await queue.push([copyTask(2)])
      const { needsRepair, total } = await queue.figures()
      expect({ needsRepair, total }).toEqual({ needsRepair: {}, total: 2 })
    })

    test('figures count each task once, as due, delayed, leased or parked', async () => {
      const [queue] = await open({ backoffFirstMs: longMs, backoffMostMs: longMs, laterServerMs: longMs })
      await queue.push(copyTasks(100))
      expect(await queue.figures()).toMatchObject({ due: 100, delayed: 0, leased: 0, parked: 0, total: 100 })
      const claims = await claimAll(queue, { limit: 30 })
      const ids = claims.map(({ id }) => id)
      for (const id of ids.slice(0, 10)) await queue.fail(id, 0)
      for (const id of ids.slice(10, 12)) await queue.park(id, 'x')
      await queue.complete(ids.slice(12, 15))
      const figures = await queue.figures()
      expect(figures).toMatchObject({
        due: 70,
        delayed: 10,
        leased: 15,
        parked: 2,
        total: 95,
        needsRepair: {},
      })
      expect(figures.serversUp).toBe(figures.servers)
    })

    test('the age of the oldest task goes on through its failures, and ends with it', async () => {
      const [queue] = await open()
      expect((await queue.figures()).oldestAgeMs).toBe(0)
      await queue.push([copyTask(1)])
      await waitForAge(queue, shortMs)
      const [claim] = await claimAll(queue)
      await queue.fail(claim?.id ?? '', 0)
      const beforeSecondMs = performance.now()
      await queue.push([copyTask(2)])
      expect((await queue.figures()).oldestAgeMs).toBeGreaterThanOrEqual(shortMs)
      await queue.complete([claim?.id ?? ''])
      // The first would be older than the second can be by shortMs.
      const { oldestAgeMs } = await queue.figures()
      expect(oldestAgeMs).toBeLessThan(performance.now() - beforeSecondMs + shortMs)
    })

    test('two that claim at once never hold one task together', async () => {
      const random = printedRandom(`${name}: claims at once`)
      const [one, two] = await open({ laterServerMs: 30, backoffFirstMs: 5, backoffMostMs: 20 })
      const count = 300
      const tasks = Array.from({ length: count }, (_, at) => copyTask(at, String(random.between(2, 5))))
      const left = new Set(tasks.map(encodeTask))
      const held = new Set<string>()
      /** From here on it may come again: servers close a task one after the other. */
      const closed = new Set<string>()
      const push = async (queue: ReplicationQueue) => {
        for (let from = 0; from < count; from += 25) await queue.push(tasks.slice(from, from + 25))
      }
      const work = async (queue: ReplicationQueue) => {
        while (left.size > 0) {
          const claims = await claimAll(queue, { limit: random.between(1, 12) })
          if (claims.length === 0) await nextTurn()
          for (const { id } of claims) {
            if (held.has(id) && !closed.has(id)) throw new Error(`${id} is held twice`)
            held.add(id)
          }
          for (const { id, attempts } of claims) {
            held.delete(id)
            if (random.chance(0.2) && attempts < 3 && !closed.has(id)) {
              await queue.fail(id, attempts)
            } else {
              closed.add(id)
              await queue.complete([id])
              left.delete(id)
            }
          }
        }
      }
      await Promise.all([push(one), work(one), work(one), work(two), work(two)])
      expect((await one.figures()).total).toBe(0)
    })

    test('a closed queue says so, and can be closed again', async () => {
      const [queue] = await open()
      await queue.close()
      await queue.close()
      for (const call of [() => queue.push([copyTask(1)]), () => claimAll(queue), () => queue.figures()]) {
        expect((await thrownBy(call())).code).toBe('QUEUE_CLOSED')
      }
    })
  })
}

export function claimAll(queue: ReplicationQueue, options: Partial<ClaimOptions> = {}): Promise<Claim[]> {
  return queue.claim({ limit: 1_000, leaseMs: longMs, ...options })
}

/** Claims until so many came. */
export async function claimSoon(queue: ReplicationQueue, count = 1): Promise<Claim[]> {
  const claims: Claim[] = []
  await until(async () => {
    claims.push(...(await claimAll(queue)))
    return claims.length >= count
  }, `${count} tasks are due`)
  return claims
}

export function pathsOf(claims: readonly Claim[]): string[] {
  return claims.map(({ task }) => task.path).sort()
}

/** Waits until the queue itself says that its oldest task is so old. */
export async function waitForAge(queue: ReplicationQueue, ageMs: number): Promise<void> {
  await until(async () => (await queue.figures()).oldestAgeMs >= ageMs, `the oldest task is ${ageMs} ms old`)
}
