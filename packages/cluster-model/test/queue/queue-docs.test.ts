// docs/formats/queue.md says what is written.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { resolveLimits } from '../../src/queue/queue-limits.js'
import { decodeTask, encodeTask, isTask } from '../../src/queue/task-codec.js'
import { decodeRecord, encodeRecord, logHeading } from '../../src/queue/task-log-format.js'
import { claimAll } from './queue-contract.js'
import { copyTask, copyTasks } from './some-tasks.js'
import { TestServers } from './test-servers.js'

const text = readFileSync(join(import.meta.dirname, '../../../../docs/formats/queue.md'), 'utf8')
const servers = new TestServers(2)

test('every key that a queue makes is documented, with its type', async () => {
  const documented = new Map(
    [...text.matchAll(/^\| `q(.*?)(?:<to>)?` \| (.*?) \|/gm)].map(([, key, type]) => [key, type]),
  )
  const key = servers.newKey()
  const queue = servers.open({ key, limits: { tasksPerTargetMax: 10 } })
  await queue.push([...copyTasks(8, '2'), ...copyTasks(11, '3'), ...copyTasks(11, '4')])
  const [parked, failed] = await claimAll(queue, { limit: 5 })
  await queue.park(parked?.id ?? '', 'x')
  await queue.fail(failed?.id ?? '', 0)
  await queue.pauseTarget('9', 60_000)
  await queue.markTarget('9', 'failing')
  await queue.beginRepair('3')
  const found = new Map<string, string>()
  for (const server of [0, 1]) {
    const client = servers.client(server)
    await client.sadd(key, encodeTask(copyTask(1)))
    for (const name of await client.keys(`${key}*`)) {
      const type = (await client.type(name)).replace('zset', 'sorted set')
      found.set(name.slice(key.length).replace(/:\d$/, ':'), type)
    }
  }
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(documented))
})

test('the member of the example is the member of its task', () => {
  const member = /^`(\{"op".*\})`\.$/m.exec(text)?.[1] ?? ''
  const task = decodeTask(member)
  expect(isTask(task) && encodeTask(task)).toBe(member)
})

test('every line of the example log is a record', () => {
  const [heading, ...lines] = /```\n(backpack-queue 1\n[^`]*)\n```/.exec(text)?.[1]?.split('\n') ?? []
  expect(`${heading}\n`).toBe(logHeading.toString())
  expect(lines).toHaveLength(8)
  for (const line of lines) {
    const record = decodeRecord(Buffer.from(line))
    expect(record && encodeRecord(record).toString()).toBe(`${line}\n`)
  }
})

test('the limits are those of the code', () => {
  const limits = resolveLimits()
  expect(limits).toEqual({
    tasksPerTargetMax: 1_000_000,
    failingMsMax: 3 * 3_600_000,
    parkedMax: 100_000,
    laterServerMs: 60_000,
    backoffFirstMs: 1_000,
    backoffMostMs: 300_000,
  })
  for (const said of [
    '1,000,000 tasks',
    'for 3 hours',
    '100,000 there',
    'after 60 s',
    '1 s × 2^failures',
    'at most 5 min',
  ]) {
    expect(text).toContain(said)
  }
})
