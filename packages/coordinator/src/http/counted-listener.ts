// Listens for a node:http server: net servers in front, on as many addresses as are asked for, count the connections of
// all of them together, and node:http does the rest. A door may put something between the two, such as TLS.
import type { Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { CoordinatorLimits } from '../limits.js'
import type { CoordinatorLog } from '../options.js'

const refusedMs = 1_000
const sweepEveryMs = 100
const backlog = 2_048
const tooManyConnections =
  'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n'

export interface Door {
  /** '' for all addresses of this machine. */
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
  /** Called with each connection that is taken; default: gives it to the HTTP server. */
  readonly enter?: (socket: Socket) => void
  /** Whether a client may end its side and still gets its answer; default: true. */
  readonly allowHalfOpen?: boolean
}

export interface ListenerParts {
  readonly limits: CoordinatorLimits
  readonly log: CoordinatorLog
  /** Called for each connection beyond connectionsMax. */
  readonly onRefused?: () => void
  /** Of every reply; default: none. */
  readonly headers?: () => readonly (readonly [string, string])[]
}

export class CountedListener {
  readonly #http: HttpServer
  readonly #parts: ListenerParts
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()

  constructor(http: HttpServer, parts: ListenerParts) {
    this.#http = http
    this.#parts = parts
    // The server is given its connections and never listens, but only then does node:http watch its timeouts.
    http.emit('listening')
  }

  /** Open now, at all doors. */
  get connections(): number {
    return this.#sockets.size
  }

  /** Gives the port once it is listened on; rejects with the error of listen(2), such as EADDRINUSE. */
  async listen({
    host,
    port,
    enter = (socket) => this.#enter(socket),
    allowHalfOpen = true,
  }: Door): Promise<number> {
    const { log } = this.#parts
    const server = createServer({ noDelay: true, allowHalfOpen }, (socket) => this.#take(socket, enter))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, ...(host === '' ? {} : { host }), backlog }, resolve)
    })
    server.removeAllListeners('error')
    server.on('error', (error) => log.error({ err: error }, 'a connection could not be taken'))
    this.#servers.push(server)
    return (server.address() as AddressInfo).port
  }

  /** Stops accepting, waits for requests under way (at most drainMs), closes the rest. To be called once. */
  async drain(): Promise<void> {
    const { limits, log } = this.#parts
    const closed = Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    )
    // node:http takes a connection that never said anything for one with a request under way.
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy()
    this.#http.closeIdleConnections()
    const sweep = setInterval(() => this.#http.closeIdleConnections(), sweepEveryMs)
    const deadline = setTimeout(() => {
      log.warn({ connections: this.#sockets.size }, 'closing connections that did not end in time')
      for (const socket of this.#sockets) socket.destroy()
    }, limits.drainMs)
    await closed
    clearInterval(sweep)
    clearTimeout(deadline)
  }

  #enter(socket: Socket): void {
    this.#http.emit('connection', socket)
  }

  #take(socket: Socket, enter: (socket: Socket) => void): void {
    const { limits, onRefused, headers = () => [] } = this.#parts
    if (this.#sockets.size >= limits.connectionsMax) {
      onRefused?.()
      refuse(socket, headers())
      return
    }
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    enter(socket)
  }
}

/** The connection is not counted, so it must not stay: not even when the client never ends its side. */
function refuse(socket: Socket, headers: readonly (readonly [string, string])[]): void {
  socket.on('error', () => socket.destroy())
  socket.resume()
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`${tooManyConnections}${lines}\r\n`, 'latin1')
  const timer = setTimeout(() => socket.destroy(), refusedMs)
  socket.on('end', () => socket.destroySoon())
  socket.on('close', () => clearTimeout(timer))
}
