// GET /redirect/BUCKET/KEY: 302 to a node that has the blob, with a link that is good for a while.
import { ClusterError, type NodeBlob, pathOfName, type ServerNode, type Shard } from '@backpack/cluster-model'
import type { FastifyPluginCallback, FastifyRequest } from 'fastify'
import { askNode } from '../ask-node.js'
import { checkName } from '../blob-address.js'
import { codeOf } from '../error-codes.js'
import { requireShard } from './authorize.js'
import { blobMissing } from './gateway-answers.js'
import type { GatewayParts } from './gateway-parts.js'
import { shardAndKey } from './gateway-request.js'
import { parseRangeHeader, placeRanges, sliceOfQuery } from './read/byte-ranges.js'
import { redirectHeaders } from './read/redirect-link.js'

export const redirect: FastifyPluginCallback<GatewayParts> = (app, parts, done) => {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/redirect',
    config: { access: 'read' },
    handler: async (request, reply) => {
      const { redirectPort, redirectToken, redirectSignatureTimeoutSeconds } = parts.config()
      const { key } = shardAndKey(request.target)
      checkName(key)
      if (key.split('/').some((part) => part === '.' || part === '..')) {
        throw new ClusterError(
          'REQUEST_INVALID',
          'Clients resolve . and .. in a Location: use /get for this key',
        )
      }
      if (redirectPort === undefined || redirectToken === undefined) {
        throw new ClusterError('NOT_CONFIGURED', 'There is no redirect-port, or no redirect-token')
      }
      const asked = askedBytes(request)
      const { node, blob } = await findHolder(parts, requireShard(request), key)
      if (!asked(blob.sizeBytes))
        throw new ClusterError('REQUEST_INVALID', 'The range lies outside of the blob')
      const headers = redirectHeaders({
        node,
        redirectPort,
        name: key,
        blob,
        token: redirectToken,
        // The configuration may be another one by now.
        replyHeaders: Object.entries(reply.raw.getHeaders()).map(([name, value]) => [name, String(value)]),
        nowSeconds: Math.floor(Date.now() / 1000),
        validSeconds: redirectSignatureTimeoutSeconds,
      })
      return reply.code(302).headers(headers).send()
    },
  })
  done()
}

/**
 * Whether a blob of a size has what the Range asks for. The client asks the node for it again: here it is only checked. What
 * the query asks for no client sends on.
 */
function askedBytes({ raw, target }: FastifyRequest): (sizeBytes: number) => boolean {
  const slice = sliceOfQuery(target.query)
  if (slice !== undefined) {
    if (slice.offset === 0 && slice.size === undefined) return () => true
    throw new ClusterError(
      'REQUEST_INVALID',
      'A redirect leads to the whole blob, or to the Range that the client sends on: use /get for offset and size',
    )
  }
  const asked = parseRangeHeader(raw.headers.range)
  if (asked === 'malformed') throw new ClusterError('REQUEST_INVALID', 'The Range is none')
  if (asked === undefined) return () => true
  return (sizeBytes) => placeRanges(asked, sizeBytes) !== 'unsatisfiable'
}

interface Holder {
  readonly node: ServerNode
  readonly blob: NodeBlob
}

/**
 * A random one of those that are up and have it. A node that knows when the blob was deleted speaks for those that have
 * not heard of it, but not of what was uploaded since. Throws BLOB_MISSING, NODES_AWAY.
 */
async function findHolder(parts: GatewayParts, shard: Shard, key: string): Promise<Holder> {
  const path = pathOfName(key)
  let cause: unknown
  /** Of the newest that a node says was deleted; every version is above ''. */
  let deletedVersion: string | undefined
  for (const node of shuffled(shard.nodes, parts)) {
    try {
      const result = await askNode(parts.health, node, () => parts.nodes.head(node, path))
      if (result.outcome === 'found' && result.blob.version > (deletedVersion ?? '')) {
        return { node, blob: result.blob }
      }
      if (result.outcome === 'deleted') deletedVersion = newerOf(deletedVersion, result.version)
    } catch (error) {
      const code = codeOf(error)
      if (code !== 'NODE_AWAY' && code !== 'NODE_REFUSED') throw error
      cause = error
    }
  }
  if (deletedVersion !== undefined) throw new ClusterError('BLOB_MISSING', 'The blob of this key was deleted')
  if (cause === undefined) throw blobMissing()
  throw new ClusterError('NODES_AWAY', `Not all nodes of shard ${shard.id} could be asked`, { cause })
}

function newerOf(one = '', other = ''): string {
  return one > other ? one : other
}

function shuffled(nodes: readonly ServerNode[], { random, isUp }: GatewayParts): ServerNode[] {
  return nodes
    .map((node) => ({ node, up: isUp(node), rank: random() }))
    .sort((one, other) => Number(other.up) - Number(one.up) || one.rank - other.rank)
    .map(({ node }) => node)
}
