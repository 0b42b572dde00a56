// GET and HEAD /<shard>:<name>: streamed from a node of the shard, from the next one when it fails or has no such blob.
import {
  ClusterError,
  type NodePools,
  pathOfName,
  type ServerNode,
  type Shard,
} from '@backpack/cluster-model'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkPlainAccess } from '../access/plain-access.js'
import { addressOfTarget } from '../blob-address.js'
import type { NodeHealth } from '../node-health.js'
import { orderNodes } from '../node-order.js'
import type { CoordinatorParts } from '../parts.js'
import { shardToRead } from '../shard-to-read.js'
import { sendCode } from './answers.js'
import { proxyRead, type ReadEnd } from './proxy-read.js'

export interface ReadParts extends CoordinatorParts {
  readonly readPools: NodePools
}

/** What decides about a read is the node's to judge. */
const forwarded = [
  'range',
  'if-range',
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
] as const

export async function serveBlob(
  parts: ReadParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { shardId, name } = addressOfTarget(request.url ?? '')
  const shard = shardToRead(parts, shardId)
  if (shard === undefined) {
    sendCode(response, 'NOT_FOUND', `There is no shard ${JSON.stringify(shardId)}`)
    return
  }
  checkPlainAccess(shard.access, request, 'read')
  const { readPools, limits } = parts
  const method = request.method === 'HEAD' ? 'HEAD' : 'GET'
  const path = pathOfName(name)
  const headers = forwardedHeaders(request)
  const { outcome } = await readFromNodes(parts, { shard, name }, (node) =>
    proxyRead({ pool: readPools.get(node.url), method, path, headers }, response, limits),
  )
  if (outcome === 'missing') sendCode(response, 'NOT_FOUND', 'There is no blob of this name')
}

/**
 * Tries one node after the other until one has an answer. Throws NODES_AWAY when some failed and none had one;
 * `details.damaged` when all of those have a broken copy.
 */
export async function readFromNodes(
  parts: ReadParts,
  { shard, name }: { readonly shard: Shard; readonly name: string },
  attempt: (node: ServerNode) => Promise<ReadEnd>,
): Promise<Exclude<ReadEnd, { outcome: 'failed' }>> {
  let failed = 0
  let damaged = 0
  let cause: unknown
  for (const node of orderNodes(shard.nodes, name, parts.isUp)) {
    const end = await attempt(node)
    noteHealth(parts.health, node, end)
    if (end.outcome === 'missing') continue
    if (end.outcome !== 'failed') return end
    failed++
    if (end.damaged === true) damaged++
    cause = end.cause
    parts.log.warn(
      { err: end.cause, status: end.status, node: node.id, shard: shard.id },
      'a node did not serve a read',
    )
  }
  if (failed === 0) return { outcome: 'missing' }
  throw new ClusterError(
    'NODES_AWAY',
    `${failed} of ${shard.nodes.length} nodes of shard ${shard.id} do not answer`,
    { cause, damaged: damaged === failed },
  )
}

/** A node that says 500 about one blob is well otherwise. */
function noteHealth(health: NodeHealth, node: ServerNode, end: ReadEnd): void {
  if (end.outcome === 'gone') return
  const silent = end.outcome === 'failed' && (end.status === undefined || end.status === 503)
  if (silent || (end.outcome === 'sent' && !end.whole)) health.noteFailure(node.id)
  else health.noteSuccess(node.id)
}

export function forwardedHeaders({ headers }: IncomingMessage): Record<string, string> {
  const chosen: Record<string, string> = {}
  for (const name of forwarded) {
    const value = headers[name]
    if (typeof value === 'string') chosen[name] = value
  }
  return chosen
}
