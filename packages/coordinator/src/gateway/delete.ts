// POST and PUT /delete/BUCKET/KEY.
import { ClusterError } from '@backpack/cluster-model'
import type { FastifyPluginCallback } from 'fastify'
import { handleDelete } from '../handle-delete.js'
import { versionHeader } from '../http/answers.js'
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
      if (receipt.outcome === 'missing')
        throw new ClusterError('BLOB_MISSING', 'There is no blob of this key')
      return reply.header(versionHeader, receipt.version).type('text/plain; charset=utf-8').send('deleted\n')
    },
  })
  done()
}
