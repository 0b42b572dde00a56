// What a local queue's log says, in memory: tasks, parked ones, nodes in need of a repair. Every lasting change is a record;
// a record that is applied again changes nothing more, so that a copy of the state and the records behind it may overlap.
import { decodeTask, isTask } from './task-codec.js'
import { LocalTasks } from './local-tasks.js'
import type { Task } from './replication-queue.js'
import type { LogRecord } from './task-log-format.js'

export interface LocalParked {
  readonly number: number
  readonly id: string
  readonly task: Task
  readonly reason: string
  readonly parkedAtMs: number
}

export class LocalState {
  readonly tasks = new LocalTasks()
  /** By id, the first parked first. */
  readonly parked = new Map<string, LocalParked>()
  /** Since when; tasks for these nodes are not kept. */
  readonly needsRepair = new Map<string, number>()
  /** The same of nodes whose repair has begun. */
  readonly repairing = new Map<string, number>()
  readonly #parkedNumbers = new Map<number, LocalParked>()
  #lastNumber = 0

  /** Records that would make this state again. */
  get size(): number {
    return this.tasks.size + 2 * this.parked.size + this.needsRepair.size + 2 * this.repairing.size
  }

  nextNumber(): number {
    return ++this.#lastNumber
  }

  apply(record: LogRecord): void {
    switch (record[0]) {
      case 'add':
        return this.#add(record[1], record[2], record[3])
      case 'done':
        this.tasks.remove(record[1])
        return
      case 'failed':
        return this.tasks.fail(record[1], record[2])
      case 'parked':
        return this.#park(record[1], record[2], record[3])
      case 'retried':
        return this.#retry(record[1], record[2])
      case 'needs-repair':
        if (!this.needsRepair.has(record[1])) this.needsRepair.set(record[1], record[2])
        return
      case 'repairing':
        return this.#beginRepair(record[1])
      case 'repaired':
        this.repairing.delete(record[1])
    }
  }

  /** May be read while records are applied: what they change is then in it or not. */
  *records(): Generator<LogRecord> {
    for (const [to, sinceMs] of this.repairing) {
      yield ['needs-repair', to, sinceMs]
      yield ['repairing', to]
    }
    for (const [to, sinceMs] of this.needsRepair) yield ['needs-repair', to, sinceMs]
    for (const { number, id, reason, parkedAtMs } of this.parked.values()) {
      yield ['add', number, parkedAtMs, id]
      yield ['parked', number, parkedAtMs, reason]
    }
    for (const { number, id, queuedAtMs, attempts } of this.tasks.all()) {
      yield ['add', number, queuedAtMs, id]
      if (attempts > 0) yield ['failed', number, attempts]
    }
  }

  #add(number: number, queuedAtMs: number, id: string): void {
    this.#lastNumber = Math.max(this.#lastNumber, number)
    const task = decodeTask(id)
    if (this.tasks.has(number) || this.#parkedNumbers.has(number) || !isTask(task)) return
    this.tasks.add({ number, id, task, queuedAtMs, attempts: 0 })
  }

  #park(number: number, parkedAtMs: number, reason: string): void {
    const found = this.tasks.remove(number)
    if (found === undefined) return
    const parked = { number, id: found.id, task: found.task, reason, parkedAtMs }
    this.parked.set(found.id, parked)
    this.#parkedNumbers.set(number, parked)
  }

  #retry(number: number, queuedAtMs: number): void {
    const found = this.#parkedNumbers.get(number)
    if (found === undefined) return
    this.#parkedNumbers.delete(number)
    this.parked.delete(found.id)
    this.tasks.add({ number, id: found.id, task: found.task, queuedAtMs, attempts: 0 })
  }

  #beginRepair(to: string): void {
    const times = [this.needsRepair.get(to), this.repairing.get(to)].filter((time) => time !== undefined)
    if (times.length > 0) this.repairing.set(to, Math.min(...times))
    this.needsRepair.delete(to)
  }
}
