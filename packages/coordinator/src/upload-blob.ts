// The first copy of a blob: on one node of the shard, whichever takes it.
import { ClusterError, type ResendableBody, type ServerNode, type Shard } from '@backpack/cluster-model'
import { blamesRequest, codeOf } from './error-codes.js'
import { putMeasured } from './measure/put-measured.js'
import { mintVersion } from './mint-version.js'
import { orderNodes } from './node-order.js'
import type { CoordinatorParts } from './parts.js'

/** A blob that was received whole. */
export interface UploadedBlob {
  readonly name: string
  /** The blob's target on its nodes. */
  readonly path: string
  readonly sizeBytes: number
  readonly body: ResendableBody
  readonly contentType: string | undefined
  /** CRC-32 of the body, eight hex digits. */
  readonly checksum: string
}

export interface FirstCopy {
  readonly version: string
  readonly etag: string
  readonly node: ServerNode
  /** The other nodes of the shard, in the order of the name. */
  readonly others: readonly ServerNode[]
}

/** What a needle and its index record take beside the blob: this, and the name in each. Rather too much than too little. */
const needleBytesMax = 256
/** A node that has something newer is tried again with a version above that; so often at most. */
const conflictsMax = 4

/** Throws NO_NODE_TOOK_IT, and NODE_REFUSED when a node blames the request. */
export async function uploadBlob(
  parts: CoordinatorParts,
  shard: Shard,
  blob: UploadedBlob,
): Promise<FirstCopy> {
  const nodes = orderNodes(shard.nodes, blob.name, parts.isUp)
  const { path, body, sizeBytes, contentType, checksum } = blob
  let version = mintVersion()
  let cause: unknown
  for (const node of nodes) {
    try {
      for (let conflicts = 0; conflicts < conflictsMax; conflicts++) {
        const result = await putMeasured(parts, node, {
          ...{ path, body, sizeBytes, contentType, checksum, version },
        })
        if (result.outcome === 'stored') {
          // The others get it too, and no limit may be passed meanwhile because each of them looks emptier.
          if (result.created) noteStored(parts, nodes, blob)
          return { version, etag: result.etag, node, others: nodes.filter((other) => other !== node) }
        }
        version = mintVersion(result.version)
      }
    } catch (error) {
      if (codeOf(error) === undefined || blamesRequest(error)) throw error
      cause = error
      parts.log.warn({ err: error, node: node.id, shard: shard.id }, 'a node did not take an upload')
    }
  }
  throw new ClusterError('NO_NODE_TOOK_IT', 'No node took the upload', { cause, shard: shard.id })
}

function noteStored(
  { nodeStats }: CoordinatorParts,
  nodes: readonly ServerNode[],
  { sizeBytes, path }: UploadedBlob,
): void {
  for (const { id } of nodes) nodeStats.noteStored(id, sizeBytes + needleBytesMax + 2 * path.length)
}
