// When the log of a local queue is on disk.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { TemporaryDirectory, until } from '@backpack/test-cluster'
import { type FileHandle, open } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LocalQueue } from '../../src/queue/local-queue.js'
import { copyTask } from './some-tasks.js'
import { thrownBy } from './thrown.js'

let home: TemporaryDirectory
let queue: LocalQueue

beforeEach(async () => {
  home = new TemporaryDirectory()
  queue = await LocalQueue.open({ directory: home.path })
})

afterEach(async () => {
  vi.restoreAllMocks()
  await queue.close()
  home.remove()
})

async function spyOnSync() {
  const file = await open(home.path)
  const fileHandle = Object.getPrototypeOf(file) as FileHandle
  await file.close()
  return vi.spyOn(fileHandle, 'datasync')
}

test('a push resolves once it is synced, a completion does not wait for that', async () => {
  const sync = await spyOnSync()
  let release = () => {}
  sync.mockImplementationOnce(() => new Promise((resolve) => (release = resolve)))
  let isPushed = false
  const pushed = queue.push([copyTask(1)]).then(() => (isPushed = true))
  await until(() => sync.mock.calls.length === 1, 'it is synced')
  for (let turn = 0; turn < 20; turn++) await nextTurn()
  expect(isPushed).toBe(false)
  release()
  await pushed
  const [claim] = await queue.claim({ limit: 1, leaseMs: 1_000 })
  await queue.complete([claim?.id ?? ''])
  expect(sync).toHaveBeenCalledTimes(1)
})

test('pushes that come together share a sync', async () => {
  const sync = await spyOnSync()
  await Promise.all(Array.from({ length: 50 }, (_, number) => queue.push([copyTask(number)])))
  expect(sync).toHaveBeenCalledTimes(1)
})

test('a push of a task that another one has just pushed waits for the disk as well', async () => {
  const sync = await spyOnSync()
  sync.mockRejectedValueOnce(new Error('the disk refuses'))
  const pushes = [queue.push([copyTask(1)]), queue.push([copyTask(1)])]
  for (const push of pushes) expect((await thrownBy(push)).code).toBe('QUEUE_AWAY')
})

test('after a sync that failed the log is written anew, with what it did not take', async () => {
  const sync = await spyOnSync()
  await queue.push([copyTask(1)])
  sync.mockRejectedValueOnce(new Error('the disk refuses'))
  expect((await thrownBy(queue.push([copyTask(2)]))).code).toBe('QUEUE_AWAY')
  await queue.push([copyTask(3)])
  await queue.close()
  queue = await LocalQueue.open({ directory: home.path })
  expect((await queue.figures()).total).toBe(3)
})
