// `GET /-/explain`: where an upload would go and why, without an upload. Who may write where is left out of it.
import type { FastifyInstance } from 'fastify'
import type { Server } from 'node:http'
import { z } from 'zod'
import { weighShards } from '../choose-shard.js'
import { explainChoice } from '../explain-choice.js'
import type { AppParts } from './build-app.js'

/** What is taken for a photo when nobody says. */
const photoBytes = 64 * 1024
const copiesMax = 100

export function registerExplainRoute(app: FastifyInstance<Server>, parts: AppParts): void {
  const querySchema = z.strictObject({
    size: z.coerce.number().int().min(1).max(parts.limits.blobBytesMax).default(photoBytes),
    copies: z.coerce.number().int().min(1).max(copiesMax).default(parts.copies),
  })
  app.get('/-/explain', async (request, reply) => {
    const parsed = querySchema.safeParse(request.query)
    if (!parsed.success)
      return reply.code(400).send({ error: z.prettifyError(parsed.error), code: 'BAD_REQUEST' })
    const { size: sizeBytes, copies } = parsed.data
    return explainChoice(weighShards(parts, { copies, sizeBytes, tried: new Set() }), { sizeBytes })
  })
}
