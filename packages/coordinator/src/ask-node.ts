// Every request to a node teaches what to expect of the next one.
import type { ServerNode } from '@backpack/cluster-model'
import { codeOf } from './error-codes.js'
import type { NodeHealth } from './node-health.js'

/** Gives what `ask` gives, and notes that the node answered, or that it is away. */
export async function askNode<T>(health: NodeHealth, node: ServerNode, ask: () => Promise<T>): Promise<T> {
  try {
    const answer = await ask()
    health.noteSuccess(node.id)
    return answer
  } catch (error) {
    const code = codeOf(error)
    if (code === 'NODE_AWAY') health.noteFailure(node.id)
    else if (code === 'NODE_REFUSED') health.noteSuccess(node.id)
    throw error
  }
}
