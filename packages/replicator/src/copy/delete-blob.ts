// A delete that its target missed: the tombstone is written with the version that the first node gave it.
import type { ServerNode, Task } from '@backpack/cluster-model'
import type { CopyParts } from '../parts.js'
import { targetFailure } from './target-failure.js'
import { done, type TaskResult } from './task-result.js'

/** After 'done' the target has the tombstone, or a newer blob. Rejects with the signal's reason. */
export async function deleteBlob(
  parts: CopyParts,
  { path, version }: Task,
  target: ServerNode,
  signal: AbortSignal,
): Promise<TaskResult> {
  if (version === undefined) return { outcome: 'refused', reason: 'A delete must say its version' }
  try {
    const { outcome } = await parts.nodes.delete(target, path, version, signal)
    parts.away.noteSuccess(target.id, 'write')
    return done(outcome === 'deleted' ? 'deleted' : 'present')
  } catch (error) {
    signal.throwIfAborted()
    return targetFailure(parts, target, error)
  }
}
