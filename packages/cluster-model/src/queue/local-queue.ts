// The queue of one process: all tasks in memory, every lasting change in a log. Leases, pauses and backoffs are not lasting:
// after a restart all tasks are due.
import fs from 'node:fs/promises'
import { ClusterError } from '../errors.js'
import { backoffMs } from './backoff.js'
import { DirectoryLock } from './directory-lock.js'
import { LocalState } from './local-state.js'
import {
  type QueueLimitOptions,
  type QueueLimits,
  type QueueLog,
  resolveLimits,
  silentLog,
} from './queue-limits.js'
import type {
  Claim,
  ClaimOptions,
  ParkedTask,
  QueueFigures,
  ReplicationQueue,
  Task,
} from './replication-queue.js'
import { cutReason, decodeTask, encodeTask, isTask } from './task-codec.js'
import { TaskLog } from './task-log.js'
import type { LogRecord } from './task-log-format.js'

const rewriteRecordsMin = 20_000

export interface LocalQueueOptions {
  /** Made when missing; belongs to one process at a time. */
  readonly directory: string
  readonly log?: QueueLog
  readonly limits?: QueueLimitOptions
}

export class LocalQueue implements ReplicationQueue {
  readonly #state: LocalState
  readonly #log: TaskLog
  readonly #lock: DirectoryLock
  readonly #limits: QueueLimits
  /** Since when. */
  readonly #failing = new Map<string, number>()
  #closing: Promise<void> | undefined

  private constructor(parts: { state: LocalState; log: TaskLog; lock: DirectoryLock; limits: QueueLimits }) {
    this.#state = parts.state
    this.#log = parts.log
    this.#lock = parts.lock
    this.#limits = parts.limits
  }

  /**
   * Opens the queue in a directory, with all that was queued before, however the process before ended. Throws QUEUE_LOCKED
   * while another process has it, INVALID_OPTIONS, and what the file system throws.
   */
  static async open({ directory, log = silentLog, limits }: LocalQueueOptions): Promise<LocalQueue> {
    const resolved = resolveLimits(limits)
    await fs.mkdir(directory, { recursive: true })
    const lock = DirectoryLock.take(directory)
    try {
      const state = new LocalState()
      const taskLog = await TaskLog.open({
        directory,
        apply: (record) => state.apply(record),
        records: () => state.records(),
        liveRecords: () => state.size,
        rewriteRecordsMin,
        log,
      })
      return new LocalQueue({ state, log: taskLog, lock, limits: resolved })
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** What resolves is on disk, also after a power cut. */
  async push(tasks: readonly Task[]): Promise<void> {
    this.#assertOpen()
    const members = tasks.map(encodeTask)
    const records = tasks.flatMap(({ to }, at) => this.#queue(members[at] as string, to))
    // Also when all of them were there already: perhaps not yet on disk.
    await this.#log.append(records, { durable: true })
  }

  async claim({ limit, leaseMs, exceptTo = [] }: ClaimOptions): Promise<Claim[]> {
    this.#assertOpen()
    const options = { limit, leaseMs, exceptTo, nowMs: nowMs(), random: Math.random }
    return this.#state.tasks
      .take(options)
      .map(({ id, task, attempts, queuedAtMs }) => ({ id, task, attempts, queuedAtMs }))
  }

  async renew(ids: readonly string[], leaseMs: number): Promise<void> {
    this.#assertOpen()
    for (const id of ids) {
      const found = this.#state.tasks.find(id)
      if (found !== undefined) this.#state.tasks.renew(found, nowMs() + leaseMs)
    }
  }

  async complete(ids: readonly string[]): Promise<void> {
    this.#assertOpen()
    const found = ids.map((id) => this.#state.tasks.find(id)).filter((task) => task !== undefined)
    for (const task of ids.map(decodeTask)) if (isTask(task)) this.#failing.delete(task.to)
    await this.#change(found.map(({ number }) => ['done', number]))
  }

  async fail(id: string, attempts: number): Promise<void> {
    this.#assertOpen()
    const found = this.#state.tasks.find(id)
    if (found === undefined) return
    const { backoffFirstMs: firstMs, backoffMostMs: mostMs } = this.#limits
    this.#state.tasks.delay(found, nowMs() + backoffMs(attempts, { firstMs, mostMs }, Math.random()))
    await this.#change([['failed', found.number, attempts + 1]])
  }

  async pauseTarget(to: string, pauseMs: number): Promise<void> {
    this.#assertOpen()
    if (pauseMs === 0) this.#state.tasks.unpause(to)
    else this.#state.tasks.pause(to, nowMs() + pauseMs)
  }

  async markTarget(to: string, state: 'failing' | 'answering'): Promise<void> {
    this.#assertOpen()
    if (state === 'answering') this.#failing.delete(to)
    else if (!this.#failing.has(to)) this.#failing.set(to, nowMs())
  }

  async park(id: string, reason: string): Promise<void> {
    this.#assertOpen()
    const found = this.#state.tasks.find(id)
    if (found === undefined) return
    if (this.#state.parked.size < this.#limits.parkedMax) {
      await this.#change([['parked', found.number, nowMs(), cutReason(reason)]], { durable: true })
      return
    }
    const repair = this.#state.needRepair(found.task.to, nowMs())
    await this.#change([repair, ['done', found.number]], { durable: true })
  }

  async parked(limit: number): Promise<ParkedTask[]> {
    this.#assertOpen()
    const parked = [...this.#state.parked.values()].slice(0, limit)
    return parked.map(({ id, task, reason, parkedAtMs }) => ({ id, task, reason, parkedAtMs }))
  }

  async retry(ids?: readonly string[]): Promise<number> {
    this.#assertOpen()
    const { parked } = this.#state
    const numbers = new Set([...(ids ?? parked.keys())].flatMap((id) => parked.get(id)?.number ?? []))
    await this.#change(
      [...numbers].map((number) => ['retried', number, nowMs()]),
      { durable: true },
    )
    return numbers.size
  }

  async beginRepair(to: string): Promise<number | undefined> {
    this.#assertOpen()
    this.#failing.delete(to)
    const { needsRepair, repairing } = this.#state
    if (!needsRepair.has(to) && !repairing.has(to)) return undefined
    const changed = this.#change([this.#state.beginRepair(to)], { durable: true })
    const sinceMs = repairing.get(to)
    await changed
    return sinceMs
  }

  async endRepair(to: string): Promise<void> {
    this.#assertOpen()
    if (this.#state.repairing.has(to)) await this.#change([this.#state.endRepair(to)])
  }

  async figures(): Promise<QueueFigures> {
    this.#assertOpen()
    const { tasks, parked, needsRepair, repairing } = this.#state
    return {
      ...tasks.counts(nowMs()),
      parked: parked.size,
      needsRepair: Object.fromEntries([...needsRepair, ...repairing]),
      serversUp: 1,
      servers: 1,
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#log.close().finally(() => this.#lock.release())
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Applied at once; gives the records that say so. */
  #queue(id: string, to: string): LogRecord[] {
    const { tasks, parked, needsRepair } = this.#state
    if (tasks.find(id) !== undefined) return []
    if (needsRepair.has(to)) return []
    const found = parked.get(id)
    if (found !== undefined) return this.#apply([['retried', found.number, nowMs()]])
    const failingSinceMs = this.#failing.get(to)
    const { tasksPerTargetMax, failingMsMax } = this.#limits
    const failsTooLong = failingSinceMs !== undefined && nowMs() - failingSinceMs > failingMsMax
    if (failsTooLong || tasks.countFor(to) >= tasksPerTargetMax) {
      return this.#apply([this.#state.needRepair(to, nowMs())])
    }
    return this.#apply([['add', this.#state.nextNumber(), nowMs(), id]])
  }

  #change(records: readonly LogRecord[], { durable } = { durable: false }): Promise<void> {
    if (records.length === 0) return Promise.resolve()
    return this.#log.append(this.#apply(records), { durable })
  }

  #apply<Records extends readonly LogRecord[]>(records: Records): Records {
    for (const record of records) this.#state.apply(record)
    return records
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new ClusterError('QUEUE_CLOSED', 'The queue is closed')
  }
}

/** ms since 1970, by a clock that never goes back: a task must not wait because somebody set the time. */
function nowMs(): number {
  return Math.round(performance.timeOrigin + performance.now())
}
