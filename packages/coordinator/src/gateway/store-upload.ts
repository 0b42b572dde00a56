// What both uploads do: receive the body, store it in a shard, say where the copies are.
import { ClusterError, type Shard } from '@backpack/cluster-model'
import { expectsContinue } from '@backpack/http-rules'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { handlePut, type PutReceipt } from '../handle-put.js'
import { copiesHeader, shardHeader, versionHeader } from '../http/answers.js'
import { reasonFields, recordChoice } from '../http/explain-answer.js'
import { announcedBytes, copiesWanted, refuseConditions } from '../http/serve-put.js'
import type { GatewayParts } from './gateway-parts.js'
import { firstOf } from '../access/read-credentials.js'
import { refuse } from './refuse.js'
import { lookupResultOf } from './read/lookup-result.js'

export interface UploadPlace {
  readonly key: string
  /** Undefined leaves the choice among those that `mayUse` lets. */
  readonly shardId: string | undefined
  readonly mayUse: (shard: Shard) => boolean
}

/** Answers 200 `{bucket,key,reply}` once the blob is safe, as handlePut() promises; throws as handlePut(). */
export async function storeUpload(
  parts: GatewayParts,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  { key, shardId, mayUse }: UploadPlace,
): Promise<FastifyReply> {
  const { raw } = request
  const { headers } = raw
  refuseConditions(headers)
  refuseOffsets(request)
  const sizeBytes = announcedBytes(headers) ?? 0
  if (sizeBytes === 0)
    throw new ClusterError('REQUEST_INVALID', 'An upload needs a Content-Length of at least 1')
  const copies = copiesWanted(headers) ?? parts.copies
  const choice = recordChoice(headers)
  let receipt: PutReceipt
  try {
    receipt = await handlePut(parts, {
      name: key,
      receive: () => {
        if (expectsContinue(raw)) reply.raw.writeContinue()
        return parts.receiver.receiveRequest(raw, sizeBytes)
      },
      announcedBytes: sizeBytes,
      contentType: headers['content-type'],
      shardId,
      mayUse,
      copies,
      onChoice: choice.onChoice,
    })
  } catch (error) {
    const explained = choice.fields()
    if (explained.explain === undefined) throw error
    // A line of text cannot hold what was asked for.
    return refuse(parts, { request, reply }, error, { ...reasonFields(error), ...explained })
  }
  const { version, etag, nodes } = receipt
  reply.headers({
    [shardHeader]: receipt.shardId,
    [versionHeader]: version,
    ETag: etag,
    [copiesHeader]: String(nodes.length),
  })
  const answers = nodes.map((node) => ({ node, blob: { version, etag, sizeBytes } }))
  return reply.send({ bucket: receipt.shardId, key, reply: lookupResultOf(key, answers), ...choice.fields() })
}

/** To Backrunner a Range of an upload was where to write: blobs here are written whole. */
function refuseOffsets({ raw, target }: FastifyRequest): void {
  if (raw.headers.range === undefined && firstOf(target.query, 'offset') === undefined) return
  throw new ClusterError('REQUEST_INVALID', 'An upload is written whole: no Range and no offset are taken')
}
