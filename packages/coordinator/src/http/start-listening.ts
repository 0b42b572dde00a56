// Listens: a net server in front counts the connections, node:http behind it does the rest.
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { buildApp } from './build-app.js'
import { CoordinatorMetrics } from './metrics.js'
import type { ReadParts } from './serve-blob.js'

export interface ListenOptions {
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
}

export interface Listening {
  /** `http://host:port/` */
  readonly url: string
  readonly port: number
  /** Stops accepting, waits for requests under way (at most drainMs), closes the rest. Idempotent. */
  drain(): Promise<void>
}

const refusedMs = 1_000
const sweepEveryMs = 100
const backlog = 2_048
const tooManyConnections =
  'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

/** Resolves once the port is listened on; rejects with the error of listen(2), such as EADDRINUSE. */
export async function startListening(parts: ReadParts, { host, port }: ListenOptions): Promise<Listening> {
  const { limits, log } = parts
  const metrics = new CoordinatorMetrics(parts)
  let draining: Promise<void> | undefined
  const app = buildApp({ ...parts, metrics, draining: () => draining !== undefined })
  await app.ready()
  // This server is given its connections and never listens, but only then does node:http watch its timeouts.
  app.server.emit('listening')

  const sockets = new Set<Socket>()
  metrics.connections = () => sockets.size
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    if (sockets.size >= limits.connectionsMax) {
      metrics.connectionsRefused++
      refuse(socket)
      return
    }
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    app.server.emit('connection', socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, backlog }, resolve)
  })
  server.removeAllListeners('error')
  server.on('error', (error) => log.error({ err: error }, 'a connection could not be taken'))

  async function end(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    // node:http takes a connection that never said anything for one with a request under way.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    app.server.closeIdleConnections()
    const sweep = setInterval(() => app.server.closeIdleConnections(), sweepEveryMs)
    const deadline = setTimeout(() => {
      log.warn({ connections: sockets.size }, 'closing connections that did not end in time')
      for (const socket of sockets) socket.destroy()
    }, limits.drainMs)
    await closed
    clearInterval(sweep)
    clearTimeout(deadline)
    await app.close()
  }

  const { port: listening } = server.address() as AddressInfo
  const shownHost = host.includes(':') ? `[${host}]` : host
  return { url: `http://${shownHost}:${listening}/`, port: listening, drain: () => (draining ??= end()) }
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
