// POST and PUT /nobucket_upload/KEY: the gateway chooses among the buckets that the user may write.
import { ClusterError } from '@backpack/cluster-model'
import type { FastifyPluginCallback } from 'fastify'
import { mayWriteWith } from '../access/check-access.js'
import type { GatewayParts } from './gateway-parts.js'
import { storeUpload } from './store-upload.js'

export const nobucketUpload: FastifyPluginCallback<GatewayParts> = (app, parts, done) => {
  app.route({
    method: ['POST', 'PUT'],
    url: '/nobucket_upload',
    config: { access: 'chooser' },
    handler: (request, reply) => {
      const { credentials, target } = request
      if (target.rest === '')
        throw new ClusterError('REQUEST_INVALID', 'The address is /nobucket_upload/<key>')
      const mayUse = mayWriteWith(credentials)
      return storeUpload(parts, { request, reply }, { key: target.rest, shardId: undefined, mayUse })
    },
  })
  done()
}
