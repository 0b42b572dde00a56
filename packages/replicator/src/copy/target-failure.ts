// What it means for a task that its target did not do what it was asked.
import type { ServerNode } from '@backpack/cluster-model'
import { codeOf, detailOf, messageOf } from '../error-codes.js'
import type { CopyParts } from '../parts.js'
import { failed, type TaskResult } from './task-result.js'

/** Without asking whether a blob is to its liking: its disk is full, or it has another cluster secret than we. */
const takesNothing: ReadonlySet<unknown> = new Set([507, 403])
/** The store would say the same of this blob the next time. */
const finalStatuses: ReadonlySet<unknown> = new Set([400, 405, 411, 413, 414])

/** A version ahead of the target's clock is in order a moment later, and a body arrives as it was sent. */
const passing: ReadonlySet<unknown> = new Set(['VERSION_INVALID', 'CHECKSUM_MISMATCH'])

/** Rethrows what is no failure of a node. */
export async function targetFailure(
  { away, limits }: CopyParts,
  target: ServerNode,
  error: unknown,
): Promise<TaskResult> {
  const reason = messageOf(error)
  switch (codeOf(error)) {
    case 'NODE_AWAY':
      await away.noteFailure(target, 'write', reason)
      return away.has(target.id) ? { outcome: 'target-away', reason } : failed(reason, limits.attemptsMax)
    case 'NODE_REFUSED':
      break
    default:
      throw error
  }
  const status = detailOf(error, 'status')
  if (takesNothing.has(status)) {
    away.noteFull(target, reason)
    return { outcome: 'target-away', reason }
  }
  const final = finalStatuses.has(status) && !passing.has(detailOf(error, 'code'))
  return final ? { outcome: 'refused', reason } : failed(reason, limits.attemptsMax)
}
