// GET and HEAD /get/BUCKET/KEY: the blob, from a node that has it.
import type { FastifyPluginCallback } from 'fastify'
import { checkName } from '../blob-address.js'
import { requireShard } from './authorize.js'
import type { GatewayParts } from './gateway-parts.js'
import { shardAndKey } from './gateway-request.js'
import { serveRead } from './read/serve-read.js'

export const getBlob: FastifyPluginCallback<GatewayParts> = (app, parts, done) => {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/get',
    config: { access: 'read' },
    handler: async (request, reply) => {
      const { key } = shardAndKey(request.target)
      checkName(key)
      const order = { shard: requireShard(request), name: key, query: request.target.query }
      await serveRead(parts, order, { request: request.raw, response: reply.raw })
      // The answer went past fastify, on to the response itself.
      reply.hijack()
    },
  })
  done()
}
