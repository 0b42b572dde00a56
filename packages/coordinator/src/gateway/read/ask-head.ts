// HEAD of a blob at the first node that has it, with the client's conditions; the node's headers are kept as they are.
import { pathOfName } from '@backpack/cluster-model'
import type { Dispatcher } from 'undici'
import { headersToPassOn, type ReadEnd, silenceMs, unwantedAnswer } from '../../http/proxy-read.js'
import { readFromNodes } from '../../http/serve-blob.js'
import type { GatewayParts } from '../gateway-parts.js'
import { type BlobRead, refusalOfRead } from './blob-read.js'

export interface BlobHead {
  /** 200 or 304. */
  readonly status: number
  /** Those that a client gets. */
  readonly headers: Readonly<Record<string, string>>
  /** '' and NaN in a 304 only. */
  readonly etag: string
  readonly sizeBytes: number
  /** The node's. */
  readonly pool: Dispatcher
}

/** Throws as serveRead(). */
export async function askHead(parts: GatewayParts, read: BlobRead): Promise<BlobHead> {
  let head: BlobHead | undefined
  const end = await readFromNodes(parts, read, async (node): Promise<ReadEnd> => {
    const pool = parts.readPools.get(node.url)
    try {
      const {
        statusCode: status,
        headers,
        body,
      } = await pool.request({
        method: 'HEAD',
        path: pathOfName(read.name),
        headers: read.conditions,
        headersTimeout: silenceMs,
        reset: false,
      })
      body.on('error', () => undefined)
      await body.dump()
      const unwanted = unwantedAnswer(status)
      if (unwanted !== undefined) return unwanted
      const passedOn = headersToPassOn(headers)
      if (status !== 200 && status !== 304) return { outcome: 'refused', status, headers: passedOn }
      const { etag = '', 'content-length': length } = passedOn
      const sizeBytes = Number(length)
      if (status === 200 && (etag === '' || !Number.isSafeInteger(sizeBytes))) {
        return { outcome: 'failed', status, cause: new Error('The node does not answer as a store does') }
      }
      head = { status, headers: passedOn, etag, sizeBytes, pool }
      return { outcome: 'sent', whole: true }
    } catch (cause) {
      return { outcome: 'failed', status: undefined, cause }
    }
  })
  if (end.outcome === 'missing' || end.outcome === 'refused') throw refusalOfRead(end)
  if (head === undefined) throw new Error('A node that was asked left nothing')
  return head
}
