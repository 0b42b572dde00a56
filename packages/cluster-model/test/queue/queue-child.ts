// Another process with a local queue open: takes orders as lines of JSON, answers each with a line.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { LocalQueue } from '../../src/queue/local-queue.js'
import type { Task } from '../../src/queue/replication-queue.js'
import { encodeTask } from '../../src/queue/task-codec.js'

export type Order =
  | { readonly what: 'open'; readonly directory: string }
  | { readonly what: 'push'; readonly tasks: readonly Task[] }
  /** Goes on until the process is killed, and prints `queued`, `doing` or `done` and each task's number. */
  | { readonly what: 'work'; readonly from: number; readonly seed: number }
  | { readonly what: 'complete'; readonly tasks: readonly Task[] }

export interface Reply {
  readonly error?: string
  readonly pid: number
}

let queue: LocalQueue | undefined

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order
  let error: string | undefined
  try {
    await follow(order)
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string }
    error = code ?? message
  }
  const reply: Reply = { pid: process.pid, ...(error === undefined ? {} : { error }) }
  print(JSON.stringify(reply))
}
// The one who started it has ended.
process.exit()

async function follow(order: Order): Promise<void> {
  if (order.what === 'open') queue = await LocalQueue.open({ directory: order.directory })
  else if (queue === undefined) throw new Error('No queue is open')
  else if (order.what === 'push') await queue.push(order.tasks)
  else if (order.what === 'complete') await queue.complete(order.tasks.map(encodeTask))
  else await work(queue, order)
}

async function work(queue: LocalQueue, order: { from: number; seed: number }): Promise<void> {
  let number = order.from
  let state = order.seed
  const next = (most: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state % most
  }
  const push = async () => {
    while (true) {
      const numbers = Array.from({ length: 1 + next(20) }, () => number++)
      await queue.push(numbers.map(taskOf))
      for (const each of numbers) print(`queued ${each}`)
    }
  }
  const complete = async () => {
    while (true) {
      const claims = await queue.claim({ limit: 1 + next(20), leaseMs: 60_000 })
      for (const { task } of claims) print(`doing ${task.path.slice(1)}`)
      await queue.complete(claims.map(({ id }) => id))
      for (const { task } of claims) print(`done ${task.path.slice(1)}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await Promise.all([push(), push(), complete()])
}

function taskOf(number: number): Task {
  return {
    op: 'copy',
    shard: '1',
    path: `/${number}`,
    version: undefined,
    from: ['1'],
    to: String(2 + (number % 3)),
  }
}

/** At once: what a stream holds back a SIGKILL would take along. */
function print(line: string): void {
  writeSync(1, `${line}\n`)
}
