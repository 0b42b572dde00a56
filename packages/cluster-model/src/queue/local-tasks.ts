// The tasks of a local queue, in memory: per target those that are ready, in the order in which they came, and those that
// wait for their backoff or for the end of a lease.
import { DueHeap, type Waiting } from './due-heap.js'
import type { QueueFigures, Task } from './replication-queue.js'

export interface LocalTask extends Waiting {
  /** Never used again. */
  readonly number: number
  readonly id: string
  readonly task: Task
  readonly queuedAtMs: number
  attempts: number
}

interface Target {
  readonly ready: Set<LocalTask>
  readonly waiting: DueHeap<LocalTask>
  /** Those of the waiting ones that are in somebody's hands. */
  readonly leased: Set<LocalTask>
  pausedUntilMs: number
}

export interface TakeOptions {
  readonly limit: number
  readonly leaseMs: number
  readonly exceptTo: readonly string[]
  readonly nowMs: number
  readonly random: () => number
}

export class LocalTasks {
  readonly #targets = new Map<string, Target>()
  /** By number, the oldest first. */
  readonly #byNumber = new Map<number, LocalTask>()
  readonly #byId = new Map<string, LocalTask>()

  get size(): number {
    return this.#byNumber.size
  }

  all(): Iterable<LocalTask> {
    return this.#byNumber.values()
  }

  has(number: number): boolean {
    return this.#byNumber.has(number)
  }

  find(id: string): LocalTask | undefined {
    return this.#byId.get(id)
  }

  countFor(to: string): number {
    const target = this.#targets.get(to)
    return target === undefined ? 0 : target.ready.size + target.waiting.size
  }

  /** It is ready at once. */
  add(parts: Pick<LocalTask, 'number' | 'id' | 'task' | 'queuedAtMs' | 'attempts'>): void {
    const added: LocalTask = { ...parts, dueMs: 0, heapAt: -1 }
    this.#byNumber.set(added.number, added)
    this.#byId.set(added.id, added)
    this.#targetOf(added.task.to).ready.add(added)
  }

  /** The task that was there. */
  remove(number: number): LocalTask | undefined {
    const removed = this.#byNumber.get(number)
    if (removed === undefined) return undefined
    this.#byNumber.delete(number)
    this.#byId.delete(removed.id)
    this.#takeOut(removed)
    return removed
  }

  fail(number: number, attempts: number): void {
    const failed = this.#byNumber.get(number)
    if (failed !== undefined) failed.attempts = attempts
  }

  /** Leaves it alone until then, in nobody's hands. */
  delay(delayed: LocalTask, dueMs: number): void {
    const target = this.#takeOut(delayed)
    delayed.dueMs = dueMs
    target.waiting.add(delayed)
  }

  renew(leased: LocalTask, untilMs: number): void {
    const { task } = leased
    if (!this.#targetOf(task.to).leased.has(leased) || leased.dueMs >= untilMs) return
    this.delay(leased, untilMs)
    this.#targetOf(task.to).leased.add(leased)
  }

  unpause(to: string): void {
    this.#targetOf(to).pausedUntilMs = 0
  }

  /** No task of the target is taken until then, and those that were taken are in nobody's hands any more. */
  pause(to: string, untilMs: number): void {
    const target = this.#targetOf(to)
    target.pausedUntilMs = untilMs
    for (const leased of [...target.leased]) this.delay(leased, untilMs)
  }

  /** Ready ones, with a lease: of every target its share, in random order, then more where there is more. */
  take({ limit, leaseMs, exceptTo, nowMs, random }: TakeOptions): LocalTask[] {
    const open = [...this.#targets]
      .filter(([to, { pausedUntilMs }]) => pausedUntilMs <= nowMs && !exceptTo.includes(to))
      .map(([, target]) => target)
      .filter((target) => {
        wake(target, nowMs)
        return target.ready.size > 0
      })
    shuffle(open, random)
    const taken: LocalTask[] = []
    for (const share of [Math.ceil(limit / Math.max(1, open.length)), limit]) {
      for (const target of open) this.#takeFrom(target, Math.min(share, limit - taken.length), taken)
    }
    for (const each of taken) {
      each.dueMs = nowMs + leaseMs
      const target = this.#targetOf(each.task.to)
      target.waiting.add(each)
      target.leased.add(each)
    }
    return taken
  }

  counts(nowMs: number): Pick<QueueFigures, 'due' | 'delayed' | 'leased' | 'total' | 'oldestAgeMs'> {
    let due = 0
    let leased = 0
    for (const target of this.#targets.values()) {
      wake(target, nowMs)
      if (target.pausedUntilMs <= nowMs) due += target.ready.size
      leased += target.leased.size
    }
    const total = this.size
    const [oldest] = this.#byNumber.values()
    const oldestAgeMs = oldest === undefined ? 0 : Math.max(0, nowMs - oldest.queuedAtMs)
    return { due, delayed: total - due - leased, leased, total, oldestAgeMs }
  }

  #takeFrom({ ready }: Target, count: number, taken: LocalTask[]): void {
    let left = count
    for (const each of ready) {
      if (left-- <= 0) return
      ready.delete(each)
      taken.push(each)
    }
  }

  #takeOut(task: LocalTask): Target {
    const target = this.#targetOf(task.task.to)
    target.ready.delete(task)
    target.leased.delete(task)
    target.waiting.remove(task)
    return target
  }

  #targetOf(to: string): Target {
    const known = this.#targets.get(to)
    if (known !== undefined) return known
    const target: Target = { ready: new Set(), waiting: new DueHeap(), leased: new Set(), pausedUntilMs: 0 }
    this.#targets.set(to, target)
    return target
  }
}

/** Makes ready what has waited long enough. */
function wake(target: Target, nowMs: number): void {
  while (true) {
    const { first } = target.waiting
    if (first === undefined || first.dueMs > nowMs) return
    target.waiting.remove(first)
    target.leased.delete(first)
    target.ready.add(first)
  }
}

function shuffle<T>(items: T[], random: () => number): void {
  for (let at = items.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    ;[items[at], items[other]] = [items[other] as T, items[at] as T]
  }
}
