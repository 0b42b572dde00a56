// Digests and listings from a node, line by line. A node that makes a digest for somebody else is asked again.
import { ClusterError, type NodeClient, type ServerNode } from '@backpack/cluster-model'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'
import { codeOf, detailOf } from '../error-codes.js'
import type { Listing } from './compare-names.js'
import {
  type BucketDigest,
  bucketLineSchema,
  entryLineSchema,
  formatBucket,
  lineBytesMax,
  type ListedNeedle,
} from './digest-lines.js'
import type { Slice } from './plan-slices.js'

const attemptsMax = 4
const askAgainMs = 1_000

export interface DigestQuery {
  readonly nodes: Pick<NodeClient, 'getStream'>
  /** Only versions of before, ms since 1970. */
  readonly beforeMs: number
  readonly signal: AbortSignal
}

/** Calls `take` with every bucket of the node. Throws NODE_AWAY, NODE_REFUSED, COPY_DAMAGED (not what a store says). */
export async function readDigest(
  query: DigestQuery,
  node: ServerNode,
  take: (digest: BucketDigest) => void,
): Promise<void> {
  const body = await open(query, node, `/-/digest?before=${query.beforeMs}`)
  for await (const line of linesOf(body, node)) take(parse(bucketLineSchema, line, node))
}

/** The node's needles of a slice; throws as readDigest(), and COPY_DAMAGED for more than `needlesMax`. */
export async function readListing(
  query: DigestQuery,
  node: ServerNode,
  { from, to, part, parts, needlesMax }: Slice & { needlesMax: number },
): Promise<Listing> {
  const target =
    `/-/digest/${formatBucket(from)}?before=${query.beforeMs}&to=${formatBucket(to)}` +
    `&part=${part}&parts=${parts}`
  const listing = new Map<string, ListedNeedle>()
  const body = await open(query, node, target)
  for await (const line of linesOf(body, node)) {
    const needle = parse(entryLineSchema, line, node)
    listing.set(needle.name, needle)
    if (listing.size > needlesMax) throw damaged(node, `more than ${needlesMax} names in ${target}`)
  }
  return listing
}

async function open({ nodes, signal }: DigestQuery, node: ServerNode, target: string): Promise<Readable> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await nodes.getStream(node, target, signal)
    } catch (error) {
      const busy = codeOf(error) === 'NODE_AWAY' && detailOf(error, 'status') === 503
      if (!busy || attempt === attemptsMax) throw error
      await delay(askAgainMs, undefined, { signal })
    }
  }
}

/** Lines without their ends, empty ones left out: a store that is busy reading sends them to say so. */
async function* linesOf(body: Readable, node: ServerNode): AsyncGenerator<string, void, undefined> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const piece of body as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    let at = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
      if (end > at) yield bytes.toString('utf8', at, end)
      at = end + 1
    }
    rest = bytes.subarray(at)
    if (rest.length > lineBytesMax) throw damaged(node, 'a line without an end')
  }
  if (rest.length > 0) throw damaged(node, 'a last line without an end')
}

function parse<Schema extends z.ZodType>(schema: Schema, line: string, node: ServerNode): z.output<Schema> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw damaged(node, `the line ${line.slice(0, 80)}`)
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw damaged(node, `the line ${line.slice(0, 80)}`)
  return parsed.data
}

function damaged({ id, url }: ServerNode, what: string): ClusterError {
  return new ClusterError('COPY_DAMAGED', `The digest of store ${id} (${url}) has ${what}`, { nodeId: id })
}
