// GET /lookup/BUCKET/KEY: every node of the bucket is asked what it has.
import { ClusterError, pathOfName, type ServerNode, type Shard } from '@backpack/cluster-model'
import type { FastifyPluginCallback } from 'fastify'
import { askNode } from '../ask-node.js'
import { checkName } from '../blob-address.js'
import { codeOf } from '../error-codes.js'
import { requireShard } from './authorize.js'
import { blobMissing } from './gateway-answers.js'
import type { GatewayParts } from './gateway-parts.js'
import { shardAndKey } from './gateway-request.js'
import { lookupResultOf, type NodeFinding } from './read/lookup-result.js'

export const lookup: FastifyPluginCallback<GatewayParts> = (app, parts, done) => {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/lookup',
    config: { access: 'read' },
    handler: async (request, reply) => {
      const { key } = shardAndKey(request.target)
      checkName(key)
      const answers = await askAll(parts, requireShard(request), key)
      checkFound(answers)
      return reply.send(
        lookupResultOf(
          key,
          answers.map(({ finding }) => finding),
        ),
      )
    },
  })
  done()
}

interface Answer {
  readonly finding: NodeFinding
  /** Of a blob, or of what says that it was deleted. */
  readonly version: string | undefined
}

/** All at once, in the order of the shard. */
function askAll(parts: GatewayParts, { nodes }: Shard, key: string): Promise<Answer[]> {
  const path = pathOfName(key)
  return Promise.all(nodes.map((node) => askOne(parts, node, path)))
}

async function askOne(parts: GatewayParts, node: ServerNode, path: string): Promise<Answer> {
  try {
    const result = await askNode(parts.health, node, () => parts.nodes.head(node, path))
    if (result.outcome === 'found') {
      return { finding: { node, blob: result.blob }, version: result.blob.version }
    }
    const version = result.outcome === 'deleted' ? result.version : undefined
    return { finding: { node, absent: result.outcome }, version }
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return { finding: { node, away: (error as Error).message }, version: undefined }
  }
}

/**
 * Throws BLOB_MISSING when no node has it, or one knows that it was deleted since; NODES_AWAY when no node has it among
 * those that answered, and others did not answer.
 */
function checkFound(answers: readonly Answer[]): void {
  const newest = (present: boolean) =>
    answers
      .filter(({ finding }) => 'blob' in finding === present)
      .map(({ version }) => version ?? '')
      .reduce((one, other) => (one > other ? one : other), '')
  const found = newest(true)
  if (found !== '' && found > newest(false)) return
  const away = answers.filter(({ finding }) => 'away' in finding).length
  if (found === '' && newest(false) === '' && away > 0) {
    throw new ClusterError('NODES_AWAY', `${away} of ${answers.length} nodes do not answer`)
  }
  throw blobMissing()
}
