// A JSON body, bounded and no slower than an upload may be.
import { ClusterError } from '@backpack/cluster-model'
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { CoordinatorParts } from '../parts.js'

/** Throws REQUEST_INVALID for no JSON, no Content-Length or too much of it, and as receiveRequest(). */
export async function readJsonBody(
  { receiver }: CoordinatorParts,
  request: IncomingMessage,
  sizeBytesMax: number,
): Promise<unknown> {
  const { headers } = request
  const sizeBytes = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : 0
  if (sizeBytes === 0 || sizeBytes > sizeBytesMax) {
    throw new ClusterError(
      'REQUEST_INVALID',
      `A JSON body of 1 to ${sizeBytesMax} bytes, with a Content-Length, is needed`,
    )
  }
  const received = await receiver.receiveRequest(request, sizeBytes)
  try {
    const { body } = received
    const bytes = Buffer.isBuffer(body) ? body : await buffer(body())
    return JSON.parse(bytes.toString('utf8')) as unknown
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new ClusterError('REQUEST_INVALID', 'The body is not JSON', { cause })
  } finally {
    received.release()
  }
}
