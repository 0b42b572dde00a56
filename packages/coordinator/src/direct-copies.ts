// Copies made before the answer, from the body that is still at hand.
import type { ServerNode } from '@backpack/cluster-model'
import { codeOf } from './error-codes.js'
import { putMeasured } from './measure/put-measured.js'
import type { CoordinatorParts } from './parts.js'
import type { FirstCopy, UploadedBlob } from './upload-blob.js'

export interface CopyOptions {
  readonly blob: UploadedBlob
  readonly first: FirstCopy
  /** Those that may be used, best first. */
  readonly nodes: readonly ServerNode[]
  readonly wanted: number
}

/** Gives the nodes that have the blob now: `wanted` of them, or as many as could be reached. Copies run side by side. */
export async function copyDirectly(parts: CoordinatorParts, options: CopyOptions): Promise<ServerNode[]> {
  const { nodes, wanted } = options
  const made: ServerNode[] = []
  const waiting = [...nodes]
  const makeOne = async () => {
    for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
      if (!(await copyTo(parts, node, options))) continue
      made.push(node)
      return
    }
  }
  await Promise.all(Array.from({ length: Math.min(wanted, nodes.length) }, makeOne))
  parts.uploads.directCopies += made.length
  return made
}

async function copyTo(
  parts: CoordinatorParts,
  node: ServerNode,
  { blob, first }: CopyOptions,
): Promise<boolean> {
  const { path, body, sizeBytes, contentType, checksum } = blob
  try {
    const { version } = first
    const result = await putMeasured(parts, node, {
      ...{ path, body, sizeBytes, contentType, checksum, version },
    })
    // A newer one there means that the blob was overwritten or deleted meanwhile: then this copy is not missed.
    if (result.outcome === 'older' || result.etag === first.etag) return true
    parts.log.error({ node: node.id, path, wanted: first.etag, got: result.etag }, 'a copy is not the same')
    return false
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    parts.log.warn({ err: error, node: node.id }, 'a node did not take a copy')
    return false
  }
}
