import type { Task } from '../../src/queue/replication-queue.js'

/** A copy of blob number `number` to be made at `to`. */
export function copyTask(number: number, to = '2'): Task {
  const version = (0x019b7ca990700000n + BigInt(number)).toString(16).padStart(16, '0')
  return { op: 'copy', shard: '1', path: `/photos/${number}.jpg`, version, from: ['1'], to }
}

export function copyTasks(count: number, to?: string): Task[] {
  return Array.from({ length: count }, (_, number) => copyTask(number, to))
}
