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
    return this.tasks.size + 2 * this.parked.size + this.needsRepair.size + this.repairing.size
  }

  nextNumber(): number {
    return ++this.#lastNumber
  }

  /** The record that says that tasks for a node are no longer kept. */
  needRepair(to: string, nowMs: number): LogRecord {
    return this.#repairOf(to, { needsRepairMs: this.needsRepair.get(to) ?? nowMs })
  }

  /** That the repair of a node begins, which tasks are kept for again. */
  beginRepair(to: string): LogRecord {
    const times = [this.repairing.get(to), this.needsRepair.get(to)].filter((time) => time !== undefined)
    return this.#repairOf(to, { needsRepairMs: 0, repairingMs: times.length === 0 ? 0 : Math.min(...times) })
  }

  /** That a repair has ended; the node may have come to need another one. */
  endRepair(to: string): LogRecord {
    return this.#repairOf(to, { repairingMs: 0 })
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
      case 'repair':
        setTime(this.needsRepair, record[1], record[2])
        setTime(this.repairing, record[1], record[3])
    }
  }

  /** As it is when the first one is read; records may be applied while the others are. */
  *records(): Generator<LogRecord> {
    // What moves between these while they are read must not be missed.
    const [parked, tasks] = [[...this.parked.values()], [...this.tasks.all()]]
    for (const to of new Set([...this.needsRepair.keys(), ...this.repairing.keys()]))
      yield this.#repairOf(to, {})
    for (const { number, id, reason, parkedAtMs } of parked) {
      yield ['add', number, parkedAtMs, id]
      yield ['parked', number, parkedAtMs, reason]
    }
    for (const { number, id, queuedAtMs, attempts } of tasks) {
      yield ['add', number, queuedAtMs, id]
      if (attempts > 0) yield ['failed', number, attempts]
    }
  }

  #add(number: number, queuedAtMs: number, id: string): void {
    this.#lastNumber = Math.max(this.#lastNumber, number)
    const task = decodeTask(id)
    if (this.tasks.has(number) || this.#parkedNumbers.has(number) || !isTask(task)) return
    this.#forgetOlder(id)
    this.tasks.add({ number, id, task, queuedAtMs, attempts: 0 })
  }

  /** In records that overlap with a copy a task may come under a number that was closed since: the other one comes again. */
  #forgetOlder(id: string): void {
    const older = this.tasks.find(id)
    if (older !== undefined) this.tasks.remove(older.number)
    const parked = this.parked.get(id)
    if (parked === undefined) return
    this.parked.delete(id)
    this.#parkedNumbers.delete(parked.number)
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

  #repairOf(to: string, change: { needsRepairMs?: number; repairingMs?: number }): LogRecord {
    const { needsRepairMs = this.needsRepair.get(to), repairingMs = this.repairing.get(to) } = change
    return ['repair', to, needsRepairMs ?? 0, repairingMs ?? 0]
  }
}

function setTime(times: Map<string, number>, to: string, sinceMs: number): void {
  if (sinceMs === 0) times.delete(to)
  else times.set(to, sinceMs)
}
