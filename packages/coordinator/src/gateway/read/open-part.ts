// One range of one version of a blob, from the first node that has just that, on its way into a larger answer.
import { pathOfName } from '@backpack/cluster-model'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type ReadEnd, silenceMs, unwantedAnswer } from '../../http/proxy-read.js'
import { readFromNodes } from '../../http/serve-blob.js'
import type { GatewayParts } from '../gateway-parts.js'
import type { BlobRead } from './blob-read.js'
import { type ByteRange, parseContentRange, rangeHeaderOf } from './byte-ranges.js'

export interface PartOrder {
  readonly range: ByteRange
  /** Of the version that is wanted. */
  readonly etag: string
  readonly sizeBytes: number
  readonly response: ServerResponse
}

/** A range whose first bytes are here; to be sent or closed. */
export interface PartBody {
  readonly first: Buffer
  readonly rest: AsyncIterator<Buffer>
}

/** Undefined when no node has this version any more. Throws NODES_AWAY. */
export async function openPart(
  parts: GatewayParts,
  read: BlobRead,
  { range, etag, sizeBytes }: PartOrder,
): Promise<PartBody | undefined> {
  let part: PartBody | undefined
  await readFromNodes(parts, read, async (node): Promise<ReadEnd> => {
    try {
      const { statusCode, headers, body } = await parts.readPools.get(node.url).request({
        method: 'GET',
        path: pathOfName(read.name),
        headers: { range: rangeHeaderOf({ first: range.start, last: range.end }), 'if-match': etag },
        headersTimeout: silenceMs,
        bodyTimeout: silenceMs,
      })
      // Whoever reads is told; ending it early is no fault of anybody's.
      body.on('error', () => undefined)
      const given = parseContentRange(headers['content-range'] as string | undefined)
      const isIt =
        statusCode === 206 &&
        headers['etag'] === etag &&
        given?.start === range.start &&
        given.end === range.end &&
        given.sizeBytes === sizeBytes
      if (!isIt) {
        // A node that does not know If-Match would send a blob that nobody wants.
        if (statusCode < 300) body.destroy()
        else await body.dump()
        return unwantedAnswer(statusCode) ?? { outcome: 'missing' }
      }
      const rest = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>
      const first = await rest.next()
      if (first.done === true)
        return { outcome: 'failed', status: statusCode, cause: new Error('No bytes came') }
      part = { first: first.value, rest }
      return { outcome: 'sent', whole: true }
    } catch (cause) {
      return { outcome: 'failed', status: undefined, cause }
    }
  })
  return part
}

/** As fast as the client takes it. False when the node fails in the middle, or the client is gone. */
export async function sendPart({ first, rest }: PartBody, { range, response }: PartOrder): Promise<boolean> {
  let leftBytes = range.end - range.start + 1
  try {
    for (let chunk: Buffer | undefined = first; chunk !== undefined; chunk = await nextOf(rest)) {
      leftBytes -= chunk.length
      if (leftBytes < 0) return false
      if (!response.write(chunk)) await drained(response)
      if (response.destroyed) return false
    }
    return leftBytes === 0
  } catch {
    return false
  } finally {
    await closePart({ rest })
  }
}

/** What has not come yet does not come any more. Never rejects. */
export async function closePart({ rest }: Pick<PartBody, 'rest'>): Promise<void> {
  await rest.return?.().catch(() => undefined)
}

async function nextOf(rest: AsyncIterator<Buffer>): Promise<Buffer | undefined> {
  const next: IteratorResult<Buffer, unknown> = await rest.next()
  return next.done === true ? undefined : next.value
}

/** Resolves when there is room again, or nobody to write to. */
async function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return
  const over = new AbortController()
  try {
    await Promise.race([
      once(response, 'drain', { signal: over.signal }),
      once(response, 'close', { signal: over.signal }),
    ])
  } finally {
    over.abort()
  }
}
