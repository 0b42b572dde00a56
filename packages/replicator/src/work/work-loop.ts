// Keeps the slots full: claim → run → settle, for as many tasks at once as there are slots.
import type { Claim } from '@backpack/cluster-model'
import { setMaxListeners } from 'node:events'
import type { AwayNodes } from '../away-nodes.js'
import { messageOf } from '../error-codes.js'
import { runTask } from '../copy/run-task.js'
import { failed, type TaskResult } from '../copy/task-result.js'
import type { CopyParts } from '../parts.js'
import { Claimer } from './claimer.js'
import { giveBack, settleTask, type SettleParts } from './settle-task.js'
import { roomFor } from './task-room.js'

/** Leases are prolonged this often within their time. */
const renewalsPerLease = 3

export interface WorkParts extends SettleParts {
  readonly copy: CopyParts
  readonly concurrency: number
  readonly leaseMs: number
}

interface UnderWay {
  readonly claim: Claim
  readonly ended: Promise<void>
}

export class WorkLoop {
  readonly #parts: WorkParts
  readonly #away: AwayNodes
  readonly #claimer: Claimer
  readonly #underWay = new Map<string, UnderWay>()
  readonly #abort = new AbortController()
  readonly #renewals: NodeJS.Timeout
  readonly #running: Promise<void>
  #closing = false
  #wake: () => void = () => undefined

  /** Begins at once. */
  constructor(parts: WorkParts) {
    this.#parts = parts
    this.#away = parts.copy.away
    // Every request under way listens to it.
    setMaxListeners(0, this.#abort.signal)
    this.#claimer = new Claimer(parts.queue, parts.copy)
    this.#renewals = setInterval(() => void this.#renew(), parts.leaseMs / renewalsPerLease)
    this.#running = this.#run()
  }

  /** Tasks under way. */
  get size(): number {
    return this.#underWay.size
  }

  get queueAnswers(): boolean {
    return this.#claimer.queueAnswers
  }

  /** Takes nothing more, lets tasks under way end for `withinMs`, and gives the rest back. */
  async close(withinMs: number): Promise<void> {
    this.#closing = true
    this.#wake()
    await this.#running
    const timer = setTimeout(() => this.#abort.abort(new Error('The replicator is closing')), withinMs)
    await Promise.all([...this.#underWay.values()].map(({ ended }) => ended))
    clearTimeout(timer)
    clearInterval(this.#renewals)
  }

  async #run(): Promise<void> {
    const { concurrency, leaseMs } = this.#parts
    while (!this.#closing) {
      const underWay = [...this.#underWay.values()].map(({ claim }) => claim.task.to)
      const room = roomFor({ concurrency, underWay, away: this.#away.ids() })
      if (room.limit === 0) {
        await this.#pause(leaseMs)
        continue
      }
      const { claims, waitMs } = await this.#claimer.claim({ ...room, leaseMs })
      if (this.#closing) await this.#giveBack(claims)
      else for (const claim of claims) this.#start(claim)
      if (waitMs > 0 && !this.#closing) await this.#pause(waitMs)
    }
  }

  async #giveBack(claims: readonly Claim[]): Promise<void> {
    const { queue, log } = this.#parts
    try {
      for (const claim of claims) if (!this.#underWay.has(claim.id)) await giveBack(queue, claim)
    } catch (error) {
      log.warn({ err: error }, 'tasks were not given back; they are due when their leases end')
    }
  }

  /** Until a task ends, or so long. */
  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #start(claim: Claim): void {
    // A pause of its target may have given back a task that is still under way here.
    if (this.#underWay.has(claim.id)) return
    const ended = this.#work(claim).finally(() => {
      this.#underWay.delete(claim.id)
      this.#wake()
    })
    this.#underWay.set(claim.id, { claim, ended })
  }

  /** Never rejects. */
  async #work(claim: Claim): Promise<void> {
    const { queue, counters, log } = this.#parts
    const startedAtMs = performance.now()
    try {
      const result = await this.#runTask(claim)
      if (result === undefined) return await giveBack(queue, claim)
      await settleTask(this.#parts, claim, result)
      if (result.outcome === 'done') counters.onDone((performance.now() - startedAtMs) / 1_000)
    } catch (error) {
      log.warn({ err: error, path: claim.task.path }, 'the queue was not told how a task ended')
    }
  }

  /** Undefined when it was cut off by close(). */
  async #runTask(claim: Claim): Promise<TaskResult | undefined> {
    const { copy, log } = this.#parts
    try {
      return await runTask(copy, { ...claim, lookFirst: true }, this.#abort.signal)
    } catch (error) {
      if (this.#abort.signal.aborted) return undefined
      log.error({ err: error, task: claim.task }, 'a task met a fault')
      return failed(`A fault of the replicator: ${messageOf(error)}`, copy.limits.attemptsMax)
    }
  }

  async #renew(): Promise<void> {
    const { queue, leaseMs, log } = this.#parts
    const ids = [...this.#underWay.keys()]
    if (ids.length === 0) return
    try {
      await queue.renew(ids, leaseMs)
    } catch (error) {
      log.warn({ err: error }, 'leases were not prolonged')
    }
  }
}
