// What the daemon says of itself: the 2013 /stats, and everything below /-/.
import type { FastifyInstance } from 'fastify'
import type { Store } from '../store.js'
import type { DaemonMetrics } from './metrics.js'

export function registerOwnRoutes(
  app: FastifyInstance,
  { store, metrics, draining }: { store: Store; metrics: DaemonMetrics; draining: () => boolean },
): void {
  app.get('/stats', () => {
    const { gets, puts } = store
    return {
      gets: { count: gets.count, bytes: gets.bytes, avg: gets.averageMs },
      puts: { count: puts.count, bytes: puts.bytes, avg: puts.averageMs },
    }
  })

  app.get('/-/live', () => ({ live: true }))

  app.get('/-/ready', (_request, reply) => {
    const ready = store.ready() && !draining()
    if (!ready) reply.code(503).header('Retry-After', '1')
    return reply.send({ ready })
  })

  app.get('/-/stats', async () => {
    const stats = await store.stats()
    return { ...stats, recovery: store.recovery }
  })

  app.get('/-/metrics', async (_request, reply) => {
    reply.header('Content-Type', metrics.contentType)
    return reply.send(await metrics.render())
  })
}
