// POST and PUT /delete/BUCKET/KEY.
import type { FastifyPluginCallback } from 'fastify'
import { handleDelete } from '../handle-delete.js'
import { versionHeader } from '../http/answers.js'
import { blobMissing, plainText } from './gateway-answers.js'
import type { GatewayParts } from './gateway-parts.js'
import { shardAndKey } from './gateway-request.js'

export const deleteBlob: FastifyPluginCallback<GatewayParts> = (app, parts, done) => {
  app.route({
    method: ['POST', 'PUT'],
    url: '/delete',
    config: { access: 'write' },
    handler: async (request, reply) => {
      const { shardId, key } = shardAndKey(request.target)
      const receipt = await handleDelete(parts, { shardId, name: key })
      if (receipt.outcome === 'missing') throw blobMissing()
      return reply.header(versionHeader, receipt.version).type(plainText).send('deleted\n')
    },
  })
  done()
}
