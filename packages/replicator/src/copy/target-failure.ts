// What it means for a task that its target did not do what it was asked.
import type { ServerNode } from '@backpack/cluster-model'
import { codeOf, detailOf, messageOf } from '../error-codes.js'
import type { CopyParts } from '../parts.js'
import { failed, type TaskResult } from './task-result.js'

const diskFull = 507
/** The store would say the same of this blob the next time. */
const finalStatuses: ReadonlySet<unknown> = new Set([400, 405, 411, 413, 414])

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
  if (status === diskFull) {
    away.noteFull(target, reason)
    return { outcome: 'target-away', reason }
  }
  // A version ahead of the target's clock is in order a moment later.
  const final = finalStatuses.has(status) && detailOf(error, 'code') !== 'VERSION_INVALID'
  return final ? { outcome: 'refused', reason } : failed(reason, limits.attemptsMax)
}
