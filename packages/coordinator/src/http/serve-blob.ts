// GET and HEAD /<shard>:<name>: streamed from a node of the shard, from the next one when it fails or has no such blob.
import {
  ClusterError,
  type NodeHealth,
  type NodePools,
  pathOfName,
  type ServerNode,
} from '@backpack/cluster-model'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { addressOfTarget } from '../blob-address.js'
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
  const { health, readPools, limits } = parts
  const method = request.method === 'HEAD' ? 'HEAD' : 'GET'
  const path = pathOfName(name)
  const headers = forwardedHeaders(request)
  let failed = 0
  let cause: unknown
  for (const node of orderNodes(shard.nodes, name, parts.isUp)) {
    const pool = readPools.get(node.url)
    const end = await proxyRead({ pool, method, path, headers }, response, limits)
    noteHealth(health, node, end)
    if (end.outcome === 'sent' || end.outcome === 'gone') return
    if (end.outcome === 'missing') continue
    failed++
    cause = end.cause
    parts.log.warn(
      { err: end.cause, status: end.status, node: node.id, shard: shardId },
      'a node did not serve a read',
    )
  }
  if (failed === 0) sendCode(response, 'NOT_FOUND', 'There is no blob of this name')
  else
    throw new ClusterError(
      'NODES_AWAY',
      `${failed} of ${shard.nodes.length} nodes of shard ${shardId} do not answer`,
      { cause },
    )
}

/** A node that says 500 about one blob is well otherwise. */
function noteHealth(health: NodeHealth, node: ServerNode, end: ReadEnd): void {
  if (end.outcome === 'gone') return
  const silent = end.outcome === 'failed' && (end.status === undefined || end.status === 503)
  if (silent || (end.outcome === 'sent' && !end.whole)) health.noteFailure(node.id)
  else health.noteSuccess(node.id)
}

function forwardedHeaders({ headers }: IncomingMessage): Record<string, string> {
  const chosen: Record<string, string> = {}
  for (const name of forwarded) {
    const value = headers[name]
    if (typeof value === 'string') chosen[name] = value
  }
  return chosen
}
