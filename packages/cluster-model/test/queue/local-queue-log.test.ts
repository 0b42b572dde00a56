// What of a local queue outlives its process, whole or in pieces.
import { TemporaryDirectory } from '@backpack/test-cluster'
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LocalQueue } from '../../src/queue/local-queue.js'
import type { QueueLog } from '../../src/queue/queue-limits.js'
import type { ReplicationQueue } from '../../src/queue/replication-queue.js'
import { encodeTask } from '../../src/queue/task-codec.js'
import { claimAll, pathsOf } from './queue-contract.js'
import { copyTask, copyTasks } from './some-tasks.js'
import { thrownBy } from './thrown.js'

let home: TemporaryDirectory
let opened: ReplicationQueue[]

beforeEach(() => {
  home = new TemporaryDirectory()
  opened = []
})

afterEach(async () => {
  await Promise.all(opened.map((queue) => queue.close()))
  home.remove()
})

const logPath = () => join(home.path, 'tasks.log')

async function open(options: { log?: QueueLog; limits?: object } = {}): Promise<LocalQueue> {
  const queue = await LocalQueue.open({ directory: home.path, ...options })
  opened.push(queue)
  return queue
}

test('after a restart every task is due, with the failures it had', async () => {
  const before = await open({ limits: { backoffFirstMs: 100_000 } })
  await before.push(copyTasks(6))
  const ids = (await claimAll(before, { limit: 4 })).map(({ id }) => id)
  await before.fail(ids[0] ?? '', 2)
  await before.complete([ids[1] ?? ''])
  await before.pauseTarget('2', 100_000)
  await before.close()
  const after = await open()
  const claims = await claimAll(after)
  expect(claims).toHaveLength(5)
  expect(claims.map(({ id }) => id)).not.toContain(ids[1])
  expect(claims.filter(({ attempts }) => attempts === 3).map(({ id }) => id)).toEqual([ids[0]])
})

test('after a restart parked tasks are parked, and nodes in need of a repair still are', async () => {
  const before = await open({ limits: { tasksPerTargetMax: 2 } })
  await before.push(copyTasks(1, '2'))
  await before.park(encodeTask(copyTask(0, '2')), 'why')
  await before.push(copyTasks(3, '3'))
  await before.push(copyTasks(3, '4'))
  await before.beginRepair('4')
  const { needsRepair } = await before.figures()
  const parked = await before.parked(10)
  await before.close()
  const after = await open()
  expect(Object.keys(needsRepair)).toEqual(['3', '4'])
  expect(await after.figures()).toMatchObject({ needsRepair, parked: 1, total: 4 })
  expect(await after.parked(10)).toEqual(parked)
  await after.push([copyTask(9, '3'), copyTask(9, '4')])
  expect((await after.figures()).total).toBe(5)
  await after.endRepair('4')
  expect(Object.keys((await after.figures()).needsRepair)).toEqual(['3'])
})

test('a log that was cut off at any byte gives every task up to there, and takes new ones', async () => {
  const { bytes, ends } = await smallLog()
  for (let length = 0; length < bytes.length; length++) {
    writeFileSync(logPath(), bytes.subarray(0, length))
    const queue = await open()
    const whole = ends.filter((end) => end <= length).length
    expect((await queue.figures()).total, `${length} bytes`).toBe(whole)
    await queue.push([copyTask(99)])
    await queue.close()
    const again = await open()
    expect((await again.figures()).total, `${length} bytes, and a task`).toBe(whole + 1)
    await again.close()
  }
})

test('what a power cut left behind the last record is cut off', async () => {
  const { bytes, ends } = await smallLog()
  for (const rest of [Buffer.alloc(5_000), Buffer.from('\n\n{"x":1}\n00000000 ["add",1,1,"x"]\n')]) {
    writeFileSync(logPath(), Buffer.concat([bytes, rest]))
    const queue = await open()
    expect((await queue.figures()).total).toBe(ends.length)
    await queue.close()
    expect(readFileSync(logPath())).toEqual(bytes)
  }
})

test('a byte that flipped costs the record it is in, never another, and is told', async () => {
  const { bytes, ends } = await smallLog()
  for (let at = 17; at < bytes.length; at++) {
    const flipped = Buffer.from(bytes)
    flipped.writeUInt8(flipped.readUInt8(at) ^ 0x04, at)
    writeFileSync(logPath(), flipped)
    const warnings: object[] = []
    const queue = await open({ log: { info() {}, warn: (details) => warnings.push(details) } })
    const line = ends.findIndex((end) => at < end)
    // A line feed that is none any more joins two records.
    const lost = ends.includes(at + 1) && line < ends.length - 1 ? [line, line + 1] : [line]
    const expected = ends.map((_, each) => each).filter((each) => !lost.includes(each))
    expect(pathsOf(await claimAll(queue)), `byte ${at}`).toEqual(
      expected.map((each) => `/photos/${each}.jpg`),
    )
    expect(warnings, `byte ${at}`).toHaveLength(lost.includes(ends.length - 1) ? 0 : 1)
    await queue.close()
  }
})

test('a file that is no log of this version is left as it is', async () => {
  const { bytes } = await smallLog()
  for (let at = 0; at < 17; at++) {
    const flipped = Buffer.from(bytes)
    flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at)
    writeFileSync(logPath(), flipped)
    expect((await thrownBy(open())).code).toBe('INVALID_OPTIONS')
    expect(readFileSync(logPath())).toEqual(flipped)
  }
  writeFileSync(logPath(), bytes)
  expect((await (await open()).figures()).total).toBe(3)
})

test('a log that is mostly about closed tasks is written anew, and nothing else is lost', async () => {
  const queue = await open()
  await queue.push(copyTasks(100, '3'))
  await queue.park(encodeTask(copyTask(0, '3')), 'why')
  await queue.fail(encodeTask(copyTask(1, '3')), 4)
  let largestBytes = 0
  for (let round = 0; round < 40; round++) {
    const tasks = Array.from({ length: 1_000 }, (_, at) => copyTask(round * 1_000 + at))
    await queue.push(tasks)
    await queue.complete(tasks.map(encodeTask))
    largestBytes = Math.max(largestBytes, statSync(logPath()).size)
  }
  expect(statSync(logPath()).size).toBeLessThan(largestBytes)
  expect(largestBytes).toBeLessThan(4 * 1024 * 1024)
  const figures = await queue.figures()
  await queue.close()
  expect(readdirSync(home.path)).toEqual(['tasks.log'])
  const after = await open()
  expect(figures).toMatchObject({ total: 99, parked: 1 })
  expect(await after.figures()).toMatchObject({ total: 99, parked: 1 })
  const claims = await claimAll(after)
  expect(claims).toHaveLength(99)
  expect(claims.filter(({ attempts }) => attempts === 5).map(({ task }) => task)).toEqual([copyTask(1, '3')])
})

test('what was pushed while the log was written anew is in the new one', async () => {
  const queue = await open()
  const all = copyTasks(30_000)
  await queue.push(all)
  // Each completion is a record: it is written anew somewhere between them.
  const calls: Promise<void>[] = []
  for (let at = 0; at < all.length; at += 10) {
    calls.push(queue.complete(all.slice(at, at + 10).map(encodeTask)))
    calls.push(queue.push([copyTask(at, '3'), copyTask(at)]))
    if (at % 1_000 === 0) await Promise.all(calls.splice(0))
  }
  await Promise.all(calls)
  await queue.close()
  const after = await open()
  const claims = await after.claim({ limit: 10_000, leaseMs: 60_000 })
  expect(claims).toHaveLength(6_000)
  expect(new Set(claims.map(({ id }) => id)).size).toBe(6_000)
  await after.complete(claims.map(({ id }) => id))
  expect((await after.figures()).total).toBe(0)
})

/** A log of three tasks, and where each of its records ends. */
async function smallLog(): Promise<{ bytes: Buffer; ends: number[] }> {
  const queue = await open()
  await queue.push(copyTasks(3))
  await queue.close()
  const bytes = readFileSync(logPath())
  const ends = [...bytes.keys()].filter((at) => at > 16 && bytes[at] === 0x0a).map((at) => at + 1)
  return { bytes, ends }
}
