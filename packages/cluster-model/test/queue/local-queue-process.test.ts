// A local queue and other processes: one at a time, and what is left of one that was killed or whose disk refused.
import { TemporaryDirectory } from '@backpack/test-cluster'
import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LocalQueue } from '../../src/queue/local-queue.js'
import { QueueProcess } from './queue-process.js'
import { copyTask, copyTasks } from './some-tasks.js'
import { thrownBy } from './thrown.js'

let home: TemporaryDirectory
let children: QueueProcess[]

beforeEach(() => {
  home = new TemporaryDirectory()
  children = []
})

afterEach(async () => {
  await Promise.all(children.map((child) => child.kill()))
  home.remove()
})

async function start(options?: { fileBytesMax: number }): Promise<QueueProcess> {
  const child = await QueueProcess.start(home.path, options)
  children.push(child)
  return child
}

test('a directory belongs to one process at a time, until it ends however it may', async () => {
  const child = await start()
  expect(await child.ask({ what: 'push', tasks: [copyTask(1)] })).toBeUndefined()
  const error = await thrownBy(LocalQueue.open({ directory: home.path }))
  expect(error.code).toBe('QUEUE_LOCKED')
  expect(error.details['pid']).toBe(child.pid)
  await child.kill()
  const queue = await LocalQueue.open({ directory: home.path })
  expect((await queue.figures()).total).toBe(1)
  expect((await thrownBy(LocalQueue.open({ directory: home.path }))).code).toBe('QUEUE_LOCKED')
  await queue.close()
  expect(readdirSync(home.path)).toEqual(['tasks.log'])
})

test('a queue whose disk refuses says so, and takes tasks again once there is room', async () => {
  const child = await start({ fileBytesMax: 100 * 1024 })
  expect(await child.ask({ what: 'push', tasks: copyTasks(400) })).toBeUndefined()
  expect(await child.ask({ what: 'push', tasks: copyTasks(1_000) })).toBe('QUEUE_AWAY')
  expect(await child.ask({ what: 'push', tasks: copyTasks(10, '3') })).toBe('QUEUE_AWAY')
  expect(await child.ask({ what: 'complete', tasks: copyTasks(950) })).toBeUndefined()
  expect(await child.ask({ what: 'push', tasks: [copyTask(1, '3'), copyTask(1, '4')] })).toBeUndefined()
  await child.kill()
  const queue = await LocalQueue.open({ directory: home.path })
  // 50 of those refused and not completed, 10 of node 3, one of node 4.
  expect((await queue.figures()).total).toBe(61)
  await queue.close()
})
