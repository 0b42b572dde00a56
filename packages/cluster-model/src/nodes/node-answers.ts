// What a node's answer means: its headers as a blob, its refusals as errors. Pure but for reading short bodies.
import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { ServerNode } from '../cluster-snapshot.js'
import { ClusterError } from '../errors.js'
import type { NodeBlob } from './node-client.js'
import type { AnswerHeaders, NodeAnswer } from './node-exchange.js'

const refusalBytesMax = 64 * 1024
const etagPattern = /^"([0-9a-f]{16})-([0-9a-f]{8})"$/
const versionPattern = /^[0-9a-f]{16}$/
const refusalSchema = z.object({ error: z.string().optional(), code: z.string().optional() })

/** `4 (http://one:10004)` */
export function showNode({ id, url }: ServerNode): string {
  return `${id} (${url})`
}

/** What the headers of a 200 say. Throws NODE_REFUSED when they are not those of a store. */
export function blobOf(node: ServerNode, { status, headers }: NodeAnswer): NodeBlob {
  const { version, etag } = versionOf(node, status, headers)
  const sizeBytes = Number(textOf(headers, 'content-length') ?? Number.NaN)
  if (!Number.isSafeInteger(sizeBytes)) throw notAStore(node, status, 'no Content-Length')
  return {
    version,
    etag,
    sizeBytes,
    contentType: textOf(headers, 'content-type') ?? 'application/octet-stream',
    lastModified: textOf(headers, 'last-modified'),
  }
}

/** The version that the ETag holds. Throws NODE_REFUSED when there is none. */
export function versionOf(
  node: ServerNode,
  status: number,
  headers: AnswerHeaders,
): { version: string; etag: string } {
  const etag = textOf(headers, 'etag') ?? ''
  const version = etagPattern.exec(etag)?.[1]
  if (version === undefined) throw notAStore(node, status, `the ETag ${JSON.stringify(etag)}`)
  return { version, etag }
}

/** The CRC-32 of a blob's data, eight hex digits: what its ETag ends with. */
export function checksumOfEtag(etag: string): string | undefined {
  return etagPattern.exec(etag)?.[2]
}

/** X-Backpack-Version: of a tombstone, or of what is newer. */
export function presentVersion(headers: AnswerHeaders): string | undefined {
  const text = textOf(headers, 'x-backpack-version')
  return text !== undefined && versionPattern.test(text) ? text : undefined
}

/** For an answer of no known meaning, read to its end: NODE_AWAY for 503, else NODE_REFUSED. */
export async function refusalOf(node: ServerNode, { status, body }: NodeAnswer): Promise<ClusterError> {
  const text = await readText(body, refusalBytesMax)
  const { error, code } = parseRefusal(text)
  const said = error ?? text.trim().slice(0, 200)
  if (status === 503) {
    const away = `Store ${showNode(node)} is away: 503 ${said}`
    return new ClusterError('NODE_AWAY', away, { nodeId: node.id, status, code })
  }
  const message = `Store ${showNode(node)} refused with ${status}${said === '' ? '' : `: ${said}`}`
  return new ClusterError('NODE_REFUSED', message, { nodeId: node.id, status, code })
}

/** Lets an answer end whose body says nothing new, so that its connection can be used again. */
export async function drain({ body }: NodeAnswer): Promise<void> {
  await readText(body, refusalBytesMax)
}

/** A short body; of a longer one the beginning, and its connection ends. */
export async function readText(body: Readable, bytesMax: number): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part)
    bytes += part.length
    if (bytes > bytesMax) break
  }
  return Buffer.concat(parts).toString('utf8', 0, bytesMax)
}

function parseRefusal(text: string): z.output<typeof refusalSchema> {
  try {
    return refusalSchema.parse(JSON.parse(text))
  } catch {
    // Not a store, or a proxy before it: its own words have to do.
    return {}
  }
}

export function notAStore(node: ServerNode, status: number, what: string): ClusterError {
  const message = `${showNode(node)} does not answer as a store does: ${what} in a ${status}`
  return new ClusterError('NODE_REFUSED', message, { nodeId: node.id, status, code: undefined })
}

function textOf(headers: AnswerHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}
