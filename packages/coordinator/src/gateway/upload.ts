// POST and PUT /upload/BUCKET/KEY: into the bucket that is named.
import type { FastifyPluginCallback } from 'fastify'
import { mayWriteWith } from '../access/check-access.js'
import type { GatewayParts } from './gateway-parts.js'
import { shardAndKey } from './gateway-request.js'
import { storeUpload } from './store-upload.js'

export const upload: FastifyPluginCallback<GatewayParts> = (app, parts, done) => {
  app.route({
    method: ['POST', 'PUT'],
    url: '/upload',
    config: { access: 'write' },
    handler: (request, reply) =>
      storeUpload(
        parts,
        { request, reply },
        { ...shardAndKey(request.target), mayUse: mayWriteWith(request.credentials) },
      ),
  })
  done()
}
