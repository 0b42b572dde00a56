// POST and PUT /nobucket_upload/KEY: the gateway chooses among the buckets that the user may write.
import { ClusterError } from '@backpack/cluster-model'
import type { FastifyPluginCallback } from 'fastify'
import { mayAccess } from '../access/check-access.js'
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
      const mayUse = mayUseOf(credentials)
      return storeUpload(parts, { request, reply }, { key: target.rest, shardId: undefined, mayUse })
    },
  })
  done()
}

function mayUseOf(credentials: Parameters<typeof mayAccess>[1]['credentials']) {
  return ({ access }: { access: Parameters<typeof mayAccess>[0] }) =>
    access === 'open' || mayAccess(access, { credentials, right: 'write' })
}
