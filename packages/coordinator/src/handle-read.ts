// Reads of a program: from the first node of the shard that has the blob. Reads over HTTP are http/serve-blob.ts.
import { ClusterError, type NodeBlob, pathOfName, type ServerNode } from '@backpack/cluster-model'
import type { Readable } from 'node:stream'
import { askNode } from './ask-node.js'
import { type BlobAddress, checkName } from './blob-address.js'
import { codeOf } from './error-codes.js'
import { orderNodes } from './node-order.js'
import type { CoordinatorParts } from './parts.js'
import { shardToRead } from './shard-to-read.js'

export interface OpenBlob {
  readonly blob: NodeBlob
  /** Ends with an error when the node fails in the middle. Read it to its end, or destroy it. */
  readonly body: Readable
}

/** Undefined when the blob was deleted or all nodes say that they do not have it. Throws as handleHead(). */
export function handleGet(parts: CoordinatorParts, address: BlobAddress): Promise<OpenBlob | undefined> {
  return firstFound(parts, address, async (node, path) => {
    const result = await parts.nodes.get(node, path)
    return result.outcome === 'found' ? { found: result } : { outcome: result.outcome }
  })
}

/** As handleGet(). Throws NAME_INVALID, NAME_TOO_LONG, MODEL_MISSING, NODES_AWAY when not all nodes could be asked. */
export function handleHead(parts: CoordinatorParts, address: BlobAddress): Promise<NodeBlob | undefined> {
  return firstFound(parts, address, async (node, path) => {
    const result = await parts.nodes.head(node, path)
    return result.outcome === 'found' ? { found: result.blob } : { outcome: result.outcome }
  })
}

type Asked<T> = { readonly found: T } | { readonly outcome: 'missing' | 'deleted' }

async function firstFound<T>(
  parts: CoordinatorParts,
  { shardId, name }: BlobAddress,
  ask: (node: ServerNode, path: string) => Promise<Asked<T>>,
): Promise<T | undefined> {
  checkName(name)
  const shard = shardToRead(parts, shardId)
  if (shard === undefined) return undefined
  const path = pathOfName(name)
  let cause: unknown
  for (const node of orderNodes(shard.nodes, name, parts.isUp)) {
    try {
      const asked = await askNode(parts.health, node, () => ask(node, path))
      if ('found' in asked) return asked.found
      // A tombstone is final: a node that still has the blob has not heard of its end.
      if (asked.outcome === 'deleted') return undefined
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      cause = error
    }
  }
  if (cause === undefined) return undefined
  throw new ClusterError('NODES_AWAY', `Not all nodes of shard ${shardId} could be asked`, { cause })
}
