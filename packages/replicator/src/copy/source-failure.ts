// What it means for a copy that sources did not give the blob.
import type { ServerNode } from '@backpack/cluster-model'
import { codeOf, detailOf, messageOf } from '../error-codes.js'
import type { ReplicatorLimits } from '../limits.js'
import type { CopyParts } from '../parts.js'
import { failed, type TaskResult } from './task-result.js'

/** Why a source could not help: it has nothing (new enough), it is away, or what it has is damaged. */
export interface Miss {
  readonly why: 'absent' | 'away' | 'failing'
  readonly reason: string
}

/** Rethrows what is no failure of a node, and the signal's reason. */
export async function sourceFailure(
  parts: CopyParts,
  source: ServerNode,
  error: unknown,
  signal: AbortSignal,
): Promise<{ result: TaskResult } | { miss: Miss }> {
  signal.throwIfAborted()
  const reason = messageOf(error)
  switch (codeOf(error)) {
    case 'NODE_AWAY':
      await parts.away.noteFailure(source, 'read', reason)
      return { miss: { why: 'away', reason } }
    case 'COPY_DAMAGED':
      return { miss: { why: 'failing', reason: `${source.id}: ${reason}` } }
    case 'NODE_REFUSED': {
      const status = detailOf(error, 'status')
      // The name itself is wrong: no node would answer it otherwise.
      if (status === 400 || status === 414) return { result: { outcome: 'refused', reason } }
      return { miss: { why: 'failing', reason } }
    }
    default:
      throw error
  }
}

/** A task that only waits for a source that is away is never set aside; one whose blob is nowhere soon is. */
export function failedAtAll(limits: ReplicatorLimits, misses: readonly Miss[]): TaskResult {
  const reasons = misses.map(({ reason }) => reason).join('; ')
  if (misses.some(({ why }) => why === 'away')) {
    return failed(`Sources are away: ${reasons}`, Number.POSITIVE_INFINITY)
  }
  if (misses.some(({ why }) => why === 'failing')) {
    return failed(`No source gives the blob: ${reasons}`, limits.attemptsMax)
  }
  if (misses.length === 0) return failed('There is no other node to copy from', limits.attemptsWithoutSource)
  return failed(`No node has the blob: ${reasons}`, limits.attemptsWithoutSource)
}
