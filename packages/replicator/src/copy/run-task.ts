// One task from the model to its result: the way that tasks of the queue and those of a repair take.
import type { Task } from '@backpack/cluster-model'
import { codeOf, messageOf } from '../error-codes.js'
import type { CopyParts } from '../parts.js'
import { copyBlob } from './copy-blob.js'
import { deleteBlob } from './delete-blob.js'
import { placeTask, type TaskPlace } from './place-task.js'
import { done, failed, type TaskResult } from './task-result.js'

export interface TaskToRun {
  readonly task: Task
  /** Since when it waits in the queue, ms since 1970; undefined counts as long ago. */
  readonly queuedAtMs: number | undefined
  /** False when the target is known to lack it: then not only its version counts, but also its checksum. */
  readonly lookFirst: boolean
}

/** Rejects with the signal's reason, and with nothing else that a node or the model can cause. */
export async function runTask(
  parts: CopyParts,
  { task, queuedAtMs, lookFirst }: TaskToRun,
  signal: AbortSignal,
): Promise<TaskResult> {
  const known = placeTask(task, parts.model.snapshot)
  const place = 'gone' in known ? await lookAgain(parts, { task, queuedAtMs }) : known
  if ('outcome' in place) return place
  if (parts.away.has(place.target.id)) return { outcome: 'target-away', reason: 'the target is away' }
  if (task.op === 'delete') return deleteBlob(parts, task, place.target, signal)
  return copyBlob(parts, { task, place, lookFirst }, signal)
}

/**
 * A task whose target is not where it was is closed, but never because the model is only read late, or is broken: then it
 * waits, in the end as a parked one.
 */
async function lookAgain(
  { model, limits, log }: CopyParts,
  { task, queuedAtMs }: Omit<TaskToRun, 'lookFirst'>,
): Promise<TaskPlace | TaskResult> {
  let fresh: Awaited<ReturnType<typeof model.fresh>>
  try {
    fresh = await model.fresh()
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return failed(`The model cannot be read: ${messageOf(error)}`, Number.POSITIVE_INFINITY)
  }
  const place = placeTask(task, fresh)
  if (!('gone' in place)) return place
  const [problem] = fresh.problems
  if (problem !== undefined) {
    return failed(`${place.gone}, but the model has a problem: ${problem}`, limits.attemptsMax)
  }
  if (queuedAtMs !== undefined && Date.now() - queuedAtMs < limits.modelLagMs) {
    return failed(`${place.gone} yet`, limits.attemptsMax)
  }
  log.info({ path: task.path, to: task.to, shard: task.shard }, `a task is closed: ${place.gone}`)
  return done('gone')
}
