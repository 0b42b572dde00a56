// Where a task stands in the model of the moment: tasks outlive changes of the model. Pure.
import type { ClusterSnapshot, ServerNode, Shard, Task } from '@backpack/cluster-model'

export interface TaskPlace {
  readonly target: ServerNode
  /** Undefined for a task without one whose target is in none. */
  readonly shard: Shard | undefined
}

/** Or why the task has no place any more. */
export function placeTask(
  task: Task,
  { servers, shards }: ClusterSnapshot,
): TaskPlace | { readonly gone: string } {
  const target = servers.get(task.to)
  if (target === undefined) return { gone: `server ${task.to} is not in the model` }
  if (task.shard === undefined) {
    return { target, shard: [...shards.values()].find((shard) => holds(shard, task.to)) }
  }
  const shard = shards.get(task.shard)
  if (shard === undefined) return { gone: `shard ${task.shard} is not in the model` }
  if (!holds(shard, task.to)) return { gone: `server ${task.to} is not in shard ${task.shard}` }
  return { target, shard }
}

function holds({ nodes }: Shard, serverId: string): boolean {
  return nodes.some(({ id }) => id === serverId)
}
