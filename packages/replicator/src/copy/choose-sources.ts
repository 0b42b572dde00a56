// Which nodes are asked for a blob, and in which order. Pure.
import type { ClusterSnapshot, ServerNode, Task } from '@backpack/cluster-model'
import type { TaskPlace } from './place-task.js'

/**
 * Those that the task names, then the other nodes of its shard, each as the model has it now; of these the ones that
 * answer in front. Never the target.
 */
export function chooseSources(
  task: Task,
  { shard }: Pick<TaskPlace, 'shard'>,
  servers: ClusterSnapshot['servers'],
  isAway: (nodeId: string) => boolean,
): ServerNode[] {
  const ids = new Set([...task.from, ...(shard?.nodes ?? []).map(({ id }) => id)])
  ids.delete(task.to)
  const nodes = [...ids].flatMap((id) => servers.get(id) ?? [])
  return [...nodes.filter(({ id }) => !isAway(id)), ...nodes.filter(({ id }) => isAway(id))]
}
