// POST or PUT /update_local_config/: a configuration in JSON takes the place of the file's, for a while.
import type { FastifyPluginCallback } from 'fastify'
import { configBytesMax } from './config/read-config-file.js'
import { plainText } from './gateway-answers.js'
import type { GatewayParts } from './gateway-parts.js'
import { parseJson, readBody } from './read-body.js'

export const updateLocalConfig: FastifyPluginCallback<GatewayParts> = (app, parts, done) => {
  app.route({
    method: ['POST', 'PUT'],
    url: '/update_local_config',
    config: { access: 'admin' },
    handler: async (request, reply) => {
      const exchange = { request: request.raw, response: reply.raw }
      const value = parseJson(await readBody(parts, exchange, configBytesMax))
      const { heldMs, fileReadInMs, ignored } = await parts.liveConfig.replace(value)
      const { user } = request.credentials
      parts.log.warn({ user, heldMs, ignored }, 'the configuration was replaced over HTTP')
      const sooner = heldMs > 0 ? '' : ', or as soon as it changes'
      const lines = [
        `The configuration is in use, until the file has its say again: in ${fileReadInMs / 1000} s${sooner}`,
        ...ignored.map((name) => `${name}: is ignored; addresses come from the file, at a start`),
      ]
      return reply.type(plainText).send(lines.map((line) => `${line}\n`).join(''))
    },
  })
  done()
}
