// Tells the queue what came of a task.
import type { Claim, ReplicationQueue } from '@backpack/cluster-model'
import type { TaskResult } from '../copy/task-result.js'
import type { ReplicatorCounters } from '../counters.js'
import type { ReplicatorLog } from '../options.js'
import type { Acknowledger } from './acknowledger.js'
import type { TargetNotes } from './target-notes.js'

export interface SettleParts {
  readonly queue: ReplicationQueue
  readonly acknowledger: Acknowledger
  readonly notes: TargetNotes
  readonly counters: ReplicatorCounters
  readonly log: ReplicatorLog
}

/** Rejects as the queue's methods do; the task then is due again when its lease ends. */
export async function settleTask(parts: SettleParts, claim: Claim, result: TaskResult): Promise<void> {
  const { queue, acknowledger, notes, counters } = parts
  switch (result.outcome) {
    case 'done':
      count(counters, result)
      if (result.how !== 'gone') notes.answered(claim.task.to)
      return acknowledger.complete(claim.id)
    case 'failed':
      counters.failed++
      if (claim.attempts + 1 >= result.attemptsMax) return park(parts, claim, result.reason)
      return queue.fail(claim.id, claim.attempts)
    case 'refused':
      counters.failed++
      return park(parts, claim, result.reason)
    case 'target-away':
      // The pause of the target gave most of its tasks back already.
      return giveBack(queue, claim)
  }
}

/** Due again soon, for whoever claims next: fail() counts one failure, so with one less the count stays as it was. */
export function giveBack(queue: ReplicationQueue, { id, attempts }: Claim): Promise<void> {
  return queue.fail(id, attempts - 1)
}

async function park(
  { queue, counters, log }: SettleParts,
  { id, task }: Claim,
  reason: string,
): Promise<void> {
  counters.parked++
  log.warn({ path: task.path, shard: task.shard, to: task.to, reason }, 'a task is parked')
  await queue.park(id, reason)
}

function count(counters: ReplicatorCounters, { how, bytes }: TaskResult & { outcome: 'done' }): void {
  if (how === 'copied') {
    counters.copied++
    counters.copiedBytes += bytes
  } else if (how === 'deleted') counters.deleted++
  else counters.closed++
}
