// An upload to one node that teaches the choice of a shard how fast and how reliable the node is.
import type { PutNodeOptions, PutNodeResult, ResendableBody, ServerNode } from '@backpack/cluster-model'
import { askNode } from '../ask-node.js'
import { blamesRequest, codeOf } from '../error-codes.js'
import type { CoordinatorParts } from '../parts.js'

export interface MeasuredPut extends PutNodeOptions {
  /** The blob's target on the node. */
  readonly path: string
  readonly body: ResendableBody
}

/** As NodeClient.put(), whose errors it throws. */
export async function putMeasured(
  { nodes, health, writes }: CoordinatorParts,
  node: ServerNode,
  { path, body, ...options }: MeasuredPut,
): Promise<PutNodeResult> {
  const { sizeBytes } = options
  const startedAtMs = performance.now()
  try {
    const result = await askNode(health, node, () => nodes.put(node, path, body, options))
    if (result.outcome === 'stored' && result.created) {
      const nowMs = performance.now()
      writes.noteStored(node.id, { sizeBytes, tookMs: nowMs - startedAtMs, nowMs })
    }
    return result
  } catch (error) {
    const code = codeOf(error)
    // Neither what no node would take nor a body that could not be read says anything about this one.
    const failed = code === 'NODE_AWAY' || (code === 'NODE_REFUSED' && !blamesRequest(error))
    if (failed) writes.noteFailed(node.id, performance.now())
    throw error
  }
}
