// A body that is held whole: bounded, and no slower than an upload may be.
import { ClusterError } from '@backpack/cluster-model'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { announcedBytes } from '../http/serve-put.js'
import type { CoordinatorParts } from '../parts.js'

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Throws REQUEST_INVALID for no Content-Length or too much of it, and as receiveRequest(). */
export async function readBody(
  { receiver }: CoordinatorParts,
  { request, response }: Exchange,
  sizeBytesMax: number,
): Promise<Buffer> {
  const { headers } = request
  const sizeBytes = announcedBytes(headers) ?? 0
  if (sizeBytes === 0 || sizeBytes > sizeBytesMax) {
    throw new ClusterError(
      'REQUEST_INVALID',
      `A JSON body of 1 to ${sizeBytesMax} bytes, with a Content-Length, is needed`,
    )
  }
  if (headers.expect !== undefined) response.writeContinue()
  const received = await receiver.receiveRequest(request, sizeBytes)
  try {
    const { body } = received
    return Buffer.isBuffer(body) ? body : await buffer(body())
  } finally {
    received.release()
  }
}

/** Throws REQUEST_INVALID for what is no JSON. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch (cause) {
    throw new ClusterError('REQUEST_INVALID', 'The body is not JSON', { cause })
  }
}
