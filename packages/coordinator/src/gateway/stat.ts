// GET /stat/[b1,b2]: the buckets, and what each of their nodes says of itself.
import { ClusterError, type ServerNode, type Shard, showAddress } from '@backpack/cluster-model'
import type { FastifyPluginCallback } from 'fastify'
import { askNode } from '../ask-node.js'
import type { GatewayParts } from './gateway-parts.js'
import { groupOf } from './read/lookup-result.js'

const nodesAskedAtOnce = 16

export const stat: FastifyPluginCallback<GatewayParts> = (app, parts, done) => {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/stat',
    config: { access: 'admin' },
    handler: async ({ target }) => {
      const shards = chosenShards(parts, target.rest)
      const stats = await askAll(parts, [...new Set(shards.flatMap(({ nodes }) => nodes))])
      const buckets = shards.map((shard) => [shard.id, describeBucket(shard, stats)] as const)
      return { Buckets: Object.fromEntries(buckets), StatTime: new Date().toISOString() }
    },
  })
  done()
}

/** `b1,b2`, in brackets or not; all of them for nothing. Throws SHARD_UNKNOWN. */
function chosenShards({ watch }: GatewayParts, rest: string): Shard[] {
  const { shards } = watch.snapshot
  const ids = rest
    .replace(/^\[(.*)\]\/?$/, '$1')
    .replace(/\/$/, '')
    .split(',')
    .filter((id) => id !== '')
  if (ids.length === 0) return [...shards.values()]
  return [...new Set(ids)].map((id) => {
    const shard = shards.get(id)
    if (shard === undefined)
      throw new ClusterError('SHARD_UNKNOWN', `There is no bucket ${JSON.stringify(id)}`)
    return shard
  })
}

/** What each node says; of one that does not answer, why. */
async function askAll(parts: GatewayParts, nodes: readonly ServerNode[]): Promise<Map<string, unknown>> {
  const answers = new Map<string, unknown>()
  const waiting = nodes.values()
  const askSome = async () => {
    for (const node of waiting) {
      try {
        const signal = AbortSignal.timeout(parts.limits.statsAnswerMs)
        answers.set(
          node.id,
          await askNode(parts.health, node, () => parts.nodes.getJson(node, '/-/stats', signal)),
        )
      } catch (error) {
        answers.set(node.id, { error: (error as Error).message })
      }
    }
  }
  await Promise.all(Array.from({ length: nodesAskedAtOnce }, askSome))
  return answers
}

function describeBucket(
  { nodes, usedBytesMax, blobsMax, bucketFlags }: Shard,
  stats: ReadonlyMap<string, unknown>,
): object {
  const groups = nodes.map(({ id, host, port }) => {
    const backend = { Address: showAddress({ host, port }), Backend: 0, Stat: stats.get(id) ?? null }
    return [id, { Backends: [backend] }] as const
  })
  return {
    Group: Object.fromEntries(groups),
    Meta: {
      groups: nodes.map(({ id }) => groupOf(id)),
      flags: bucketFlags,
      'max-size': usedBytesMax ?? 0,
      'max-key-num': blobsMax ?? 0,
    },
  }
}
