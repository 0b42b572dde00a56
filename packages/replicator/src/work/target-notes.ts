// Tells the queue, and so the other replicators, which targets to leave alone and which answer. One thing after the other,
// so that an end never overtakes its beginning; what fails is logged: these notes only save work.
import type { ReplicationQueue } from '@backpack/cluster-model'
import type { AwayListener } from '../away-nodes.js'
import type { ReplicatorLog } from '../options.js'

export class TargetNotes implements AwayListener {
  readonly #queue: ReplicationQueue
  readonly #log: ReplicatorLog
  readonly #answeringEveryMs: number
  /** When the queue was last told that it answers, on the clock of performance.now(). */
  readonly #toldMs = new Map<string, number>()
  readonly #away = new Set<string>()
  #last: Promise<void> = Promise.resolve()

  constructor(
    queue: ReplicationQueue,
    { answeringEveryMs, log }: { answeringEveryMs: number; log: ReplicatorLog },
  ) {
    this.#queue = queue
    this.#log = log
    this.#answeringEveryMs = answeringEveryMs
  }

  away(nodeId: string, pauseMs: number, reason: string): void {
    if (!this.#away.has(nodeId)) this.#log.warn({ node: nodeId, reason }, 'a node is away; its tasks wait')
    this.#away.add(nodeId)
    this.#toldMs.delete(nodeId)
    this.#tell(async () => {
      await this.#queue.markTarget(nodeId, 'failing')
      await this.#queue.pauseTarget(nodeId, pauseMs)
    })
  }

  back(nodeId: string): void {
    if (this.#away.delete(nodeId)) this.#log.info({ node: nodeId }, 'a node is back')
    this.#tell(async () => {
      await this.#queue.markTarget(nodeId, 'answering')
      await this.#queue.pauseTarget(nodeId, 0)
    })
  }

  /** A task of this target ended well. Another replicator may have noted it as failing, and died. */
  answered(nodeId: string): void {
    const toldMs = this.#toldMs.get(nodeId)
    const nowMs = performance.now()
    if (toldMs !== undefined && nowMs - toldMs < this.#answeringEveryMs) return
    this.#toldMs.set(nodeId, nowMs)
    this.#tell(() => this.#queue.markTarget(nodeId, 'answering'))
  }

  /** Resolves once everything was told. */
  idle(): Promise<void> {
    return this.#last
  }

  #tell(what: () => Promise<void>): void {
    this.#last = this.#last.then(async () => {
      try {
        await what()
      } catch (error) {
        this.#log.warn({ err: error }, 'the queue was not told of a node')
      }
    })
  }
}
