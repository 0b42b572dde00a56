// What the coordinator says of itself and the cluster: the 2013 /stats, and everything below /-/.
import { checkPlainAccess } from '../access/plain-access.js'
import type { FastifyInstance } from 'fastify'
import type { Server } from 'node:http'
import { z } from 'zod'
import { statsOf2013 } from '../cluster-stats.js'
import { describeCluster } from './describe-cluster.js'
import { registerExplainRoute } from './explain-route.js'
import type { AppParts } from './build-app.js'

const retrySchema = z.strictObject({ ids: z.array(z.string().min(1)).max(10_000).optional() })

export function registerOwnRoutes(app: FastifyInstance<Server>, parts: AppParts): void {
  const { metrics, queue, limits } = parts
  const startedAtMs = performance.now()

  // What changes something belongs to the administrators, once there is an ACL of theirs.
  app.addHook('onRequest', (request, _reply, done) => {
    const reads = request.method === 'GET' || request.method === 'HEAD'
    if (!reads) checkPlainAccess(parts.watch.snapshot.adminAccess, request.raw, 'admin')
    done()
  })

  app.get('/stats', () => statsOf2013(parts, startedAtMs))

  app.get('/-/live', () => ({ live: true }))

  app.get('/-/ready', async (_request, reply) => {
    const reasons = await whyNotReady(parts)
    if (reasons.length > 0) reply.code(503).header('Retry-After', '1')
    return reply.send({ ready: reasons.length === 0, reasons })
  })

  registerExplainRoute(app, parts)

  app.get('/-/cluster', () => describeCluster(parts))

  app.get('/-/metrics', async (_request, reply) => {
    reply.header('Content-Type', metrics.contentType)
    return reply.send(await metrics.render())
  })

  app.get('/-/queue/parked', async () => ({ parked: await queue.queue.parked(limits.parkedListedMax) }))

  app.post('/-/queue/retry', async (request, reply) => {
    const parsed = retrySchema.safeParse(request.body ?? {})
    if (!parsed.success)
      return reply.code(400).send({ error: z.prettifyError(parsed.error), code: 'BAD_REQUEST' })
    return { retried: await queue.queue.retry(parsed.data.ids) }
  })
}

/** While the queue is away uploads still work, at the price of direct copies. */
async function whyNotReady({ watch, queue, draining }: AppParts): Promise<string[]> {
  const reasons: string[] = []
  if (draining()) reasons.push('the coordinator is stopping')
  if (watch.snapshot.shards.size === 0) reasons.push('the model has no shards')
  const figures = await queue.figures()
  if (figures === undefined || figures.serversUp === 0) reasons.push('no queue server answers')
  return reasons
}
