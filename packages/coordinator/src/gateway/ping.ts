// GET /ping/: 200 while the process runs.
import type { FastifyPluginCallback } from 'fastify'
import { plainText } from './gateway-answers.js'

export const ping: FastifyPluginCallback = (app, _parts, done) => {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/ping',
    config: { access: 'everyone' },
    handler: (_request, reply) => reply.type(plainText).send('pong\n'),
  })
  done()
}
