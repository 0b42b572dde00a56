// An upload in reading order: receive → pick a shard → upload to one node → see to the other copies.
import { ClusterError, pathOfName, type ServerNode, type Shard } from '@backpack/cluster-model'
import { checkName } from './blob-address.js'
import { checkMayWrite, chooseShard } from './choose-shard.js'
import { codeOf, meaningOf } from './error-codes.js'
import type { ChoiceExplanation } from './explain-choice.js'
import type { CoordinatorParts } from './parts.js'
import type { ReceivedBody } from './receive/receive-upload.js'
import { secureCopies } from './secure-copies.js'
import { uploadBlob } from './upload-blob.js'

export interface PutRequest {
  readonly name: string
  /** Called once, when the upload has its place. */
  readonly receive: () => Promise<ReceivedBody>
  /** As the client announced them, before the body comes. */
  readonly announcedBytes?: number | undefined
  readonly contentType: string | undefined
  /** The shard it must go to, for overwriting; undefined leaves the choice to the coordinator. */
  readonly shardId: string | undefined
  /** Copies to wait for, the first included. */
  readonly copies: number
  /** Shards that its user may write, asked before and after the body has come; default: all. */
  readonly mayUse?: (shard: Shard) => boolean
  /** Is told how each choice of a shard came about, also when it ends in an error. */
  readonly onChoice?: ((explanation: ChoiceExplanation) => void) | undefined
}

export interface PutReceipt {
  readonly shardId: string
  /** Sixteen hex digits, given by the coordinator. */
  readonly version: string
  /** With quotes; the same on every node. */
  readonly etag: string
  /** Made by now, the first included. The rest is queued. */
  readonly copies: number
  /** That have a copy by now. */
  readonly nodes: readonly ServerNode[]
}

/**
 * Resolves when one store has the blob by its own durability and every other node of the shard has it too or has a task
 * in the queue. Throws NAME_INVALID, NAME_TOO_LONG, COORDINATOR_BUSY, what `receive` throws, SHARD_UNKNOWN,
 * SHARD_READ_ONLY, SHARD_FULL, NOTHING_FITS, OUT_OF_SPACE, ACCESS_DENIED, NO_NODE_TOOK_IT, COPIES_MISSING (details.copies), QUEUE_AWAY
 * (details.copies), and NODE_REFUSED when a store blames the request (details.status, details.code).
 */
export async function handlePut(parts: CoordinatorParts, request: PutRequest): Promise<PutReceipt> {
  const startedAtMs = performance.now()
  const { uploads } = parts
  uploads.begin()
  let received: ReceivedBody | undefined
  try {
    checkName(request.name)
    checkMayWrite(parts, request)
    checkRoom(parts, request)
    received = await request.receive()
    const receipt = await storeSomewhere(parts, request, received)
    uploads.end('uploaded', received.sizeBytes, performance.now() - startedAtMs)
    return receipt
  } catch (error) {
    uploads.end(meaningOf(error).status < 500 ? 'refused' : 'failed', 0, performance.now() - startedAtMs)
    throw error
  } finally {
    received?.release()
  }
}

/** A large body that nobody would take is refused before it is sent. */
function checkRoom(parts: CoordinatorParts, { announcedBytes = 0, ...request }: PutRequest): void {
  if (announcedBytes <= parts.limits.memoryBodyBytesMax) return
  parts.receiver.checkSize(announcedBytes)
  chooseShard(parts, { ...request, sizeBytes: announcedBytes, tried: new Set() })
}

/** One shard after the other until one has the blob safely. */
async function storeSomewhere(
  parts: CoordinatorParts,
  request: PutRequest,
  received: ReceivedBody,
): Promise<PutReceipt> {
  const { sizeBytes, body, checksum } = received
  const blob = {
    name: request.name,
    path: pathOfName(request.name),
    sizeBytes,
    body,
    checksum,
    contentType: request.contentType,
  }
  const tried = new Set<string>()
  let failure: Error | undefined
  while (tried.size < parts.limits.shardsTriedMax) {
    const shard = chooseShard(parts, { ...request, sizeBytes, tried })
    if (shard === undefined) break
    tried.add(shard.id)
    parts.inFlight.add(shard.id, sizeBytes)
    try {
      const first = await uploadBlob(parts, shard, blob)
      const nodes = await secureCopies(parts, { shard, blob, first, copies: request.copies })
      return { shardId: shard.id, version: first.version, etag: first.etag, copies: nodes.length, nodes }
    } catch (error) {
      if (!isFailureOfShard(error)) throw error
      // Without a queue the answer is 503, whatever the next shard says.
      if (codeOf(failure) !== 'QUEUE_AWAY') failure = error as Error
    } finally {
      parts.inFlight.remove(shard.id, sizeBytes)
    }
  }
  throw failure ?? new ClusterError('NO_NODE_TOOK_IT', 'No node took the upload')
}

/** What another shard may do better. */
function isFailureOfShard(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'NO_NODE_TOOK_IT' || code === 'QUEUE_AWAY'
}
