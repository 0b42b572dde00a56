// Asks every node whether it serves, all at once.
import type { ServerNode } from '@backpack/cluster-model'

export type NodeState = 'up' | 'not ready' | 'down'

const answerMs = 1_500

/** By id. A node that does not answer in time is down; one that answers anything but 200 is not ready. */
export async function askNodes(
  nodes: Iterable<ServerNode>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, NodeState>> {
  const asked = [...nodes].map(async (node) => [node.id, await askNode(node, signal)] as const)
  return new Map(await Promise.all(asked))
}

async function askNode({ url }: ServerNode, signal: AbortSignal): Promise<NodeState> {
  try {
    const response = await fetch(`${url}/-/ready`, {
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
    })
    await response.body?.cancel()
    return response.status === 200 ? 'up' : 'not ready'
  } catch {
    return 'down'
  }
}
