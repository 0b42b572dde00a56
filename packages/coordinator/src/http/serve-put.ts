// PUT /name: the request as handlePut() wants it, its receipt as an answer.
import { ClusterError } from '@backpack/cluster-model'
import { expectsContinue } from '@backpack/http-rules'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkPlainAccess, mayWritePlainly } from '../access/plain-access.js'
import { nameOfTarget } from '../blob-address.js'
import { handlePut, type PutReceipt } from '../handle-put.js'
import { asIn2013 } from '../nothing-fits.js'
import type { CoordinatorParts } from '../parts.js'
import { copiesHeader, sendJson, sendThrown, shardHeader, versionHeader } from './answers.js'
import { reasonFields, recordChoice } from './explain-answer.js'

const copiesMax = 100

export async function servePut(
  parts: CoordinatorParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { headers } = request
  const name = nameOfTarget(request.url ?? '')
  refuseConditions(headers)
  const shardId = headers['x-backpack-shard'] as string | undefined
  const wanted = shardId === undefined ? undefined : parts.watch.snapshot.shards.get(shardId)
  if (wanted !== undefined) checkPlainAccess(wanted.access, request, 'write')
  const sizeBytes = announcedBytes(headers)
  const copies = copiesWanted(headers) ?? parts.copies
  const choice = recordChoice(headers)
  let receipt: PutReceipt
  try {
    receipt = await handlePut(parts, {
      name,
      receive: () => {
        // The client is told to send its body once everything else was accepted (RFC 9110, 10.1.1).
        if (expectsContinue(request)) response.writeContinue()
        return parts.receiver.receiveRequest(request, sizeBytes)
      },
      announcedBytes: sizeBytes,
      contentType: headers['content-type'],
      shardId,
      mayUse: mayWritePlainly(request),
      copies,
      onChoice: choice.onChoice,
    })
  } catch (thrown) {
    const error = asIn2013(thrown)
    sendThrown(response, error, parts.log, { ...reasonFields(error), ...choice.fields() })
    return
  }
  sendJson(
    response,
    200,
    { shard_id: receipt.shardId, ...choice.fields() },
    {
      [shardHeader]: receipt.shardId,
      [versionHeader]: receipt.version,
      ETag: receipt.etag,
      [copiesHeader]: String(receipt.copies),
    },
  )
}

/** Undefined for a body in chunks. 2013 answered 411 to no length and to no bytes. */
export function announcedBytes(headers: IncomingMessage['headers']): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined
  return Number(headers['content-length'] ?? 0)
}

/** An upload goes to any shard, so that a condition on what is there could not be kept. Ignoring it would lose data. */
export function refuseConditions(headers: IncomingMessage['headers']): void {
  if (headers['if-match'] === undefined && headers['if-none-match'] === undefined) return
  throw new ClusterError('CONDITION_REFUSED', 'A coordinator takes no conditions on an upload or a delete')
}

/** Throws COPIES_INVALID. */
export function copiesWanted(headers: IncomingMessage['headers']): number | undefined {
  const text = headers['x-backpack-copies']
  if (text === undefined) return undefined
  const copies = typeof text === 'string' && /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (copies < 1 || copies > copiesMax) {
    throw new ClusterError('COPIES_INVALID', `${copiesHeader} must be a whole number from 1 to ${copiesMax}`)
  }
  return copies
}
