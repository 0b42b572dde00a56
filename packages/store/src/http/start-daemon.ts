// Listens: one net server in front, the fast lane behind it, node:http with fastify behind that.
import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import type { Store } from '../store.js'
import { buildApp } from './build-app.js'
import { FastLane } from './fast-lane.js'
import { type HttpLimits, httpLimits } from './http-limits.js'
import { DaemonMetrics } from './metrics.js'
import { RequestAccess } from './request-access.js'
import { UploadWatch } from './upload-rate.js'

export interface DaemonOptions {
  readonly store: Store
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
  readonly log: Logger
  readonly limits?: Partial<HttpLimits>
  /**
   * The cluster's secret, 16 to 4,096 bytes: then PUT, DELETE and whatever else is not GET or HEAD are only taken with a
   * signature of it, as coordinators and replicators that have it give it. A string, wrapped at once: it is logged nowhere.
   */
  readonly clusterSecret?: string
  /** Of the gateway, 16 to 4,096 bytes: links that it signed with it are served for as long as they say. As clusterSecret. */
  readonly redirectToken?: string
  /** Serve blobs and digests only to signed requests and links; needs one of the two above. */
  readonly refuseUnsignedReads?: boolean
  /** False sends every request through node:http; for comparing the two lanes. */
  readonly fastLane?: boolean
}

export interface Daemon {
  readonly url: string
  readonly port: number
  /** Stops accepting, waits for requests under way (at most drainMs), closes the rest. The store stays open. */
  drain(): Promise<void>
}

const refusedMs = 1_000
const tooManyConnections =
  'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

/**
 * Resolves once the port is listened on; rejects with the error of listen(2), such as EADDRINUSE, and with INVALID_OPTIONS for
 * a secret that is too short, or reads that nobody could sign for.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { store, host, port, log } = options
  const limits = { ...httpLimits, ...options.limits }
  const access = new RequestAccess(options)
  const metrics = new DaemonMetrics(store)
  const uploads = new UploadWatch(limits)
  let draining = false
  const app = buildApp({ store, log, limits, metrics, uploads, access, draining: () => draining })
  await app.ready()
  // This server is given its connections and never listens, but only then does node:http watch its timeouts.
  app.server.emit('listening')
  const reader = options.fastLane === false ? undefined : store.hotReader
  const lane = reader && new FastLane({ store, reader, server: app.server, limits, metrics, log, access })

  const sockets = new Set<Socket>()
  metrics.connections = () => sockets.size
  const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, (accepted) => {
    if (sockets.size >= limits.connectionsMax) {
      refuse(accepted.resume())
      return
    }
    const socket = lane?.accept(accepted) ?? accepted
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    if (lane === undefined) {
      app.server.emit('connection', socket)
      socket.resume()
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, backlog: 1024 }, resolve)
  })
  server.removeAllListeners('error')
  server.on('error', (error) => log.error({ err: error }, 'a connection could not be taken'))

  async function drain(): Promise<void> {
    draining = true
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    lane?.drain()
    // node:http takes a connection that never said anything for one with a request under way.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    app.server.closeIdleConnections()
    const sweep = setInterval(() => app.server.closeIdleConnections(), 100)
    const deadline = setTimeout(() => {
      log.warn({ connections: sockets.size }, 'closing connections that did not end in time')
      for (const socket of sockets) socket.destroy()
    }, limits.drainMs)
    await closed
    clearInterval(sweep)
    clearTimeout(deadline)
    lane?.close()
    uploads.close()
    await app.close()
  }

  const { port: listening } = server.address() as AddressInfo
  const shownHost = host.includes(':') ? `[${host}]` : host
  return { url: `http://${shownHost}:${listening}/`, port: listening, drain }
}

/** The connection is not counted, so it must not stay: not even when the client never ends its side. */
function refuse(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  socket.resume()
  socket.end(tooManyConnections)
  const timer = setTimeout(() => socket.destroy(), refusedMs)
  socket.on('end', () => socket.destroySoon())
  socket.on('close', () => clearTimeout(timer))
}
