// Ends connections whose client neither takes its answer nor brings its body at the minimum rate: each byte counts as a
// sign of life to node:http, so that one a minute would hold a place for ever. A timer looks at all of them now and then;
// a request costs nothing.
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { CoordinatorLimits } from '../limits.js'

/** What a connection waits for from its client. */
type Awaited = 'reader' | 'body'

interface Window {
  awaited: Awaited
  /** What had gone through the connection when the window began. */
  startBytes: number
  endsMs: number
}

/** Of a body that is received for a route, BodyRate speaks first, and answers. */
const bodyWindows = 2

export class SlowConnections {
  readonly #limits: CoordinatorLimits
  readonly #servedOn: (socket: Socket) => ServerResponse | undefined
  readonly #windows = new Map<Socket, Window | undefined>()
  #timer: NodeJS.Timeout | undefined

  /** `servedOn` gives the response of the request that is served on a connection, or was last. */
  constructor(limits: CoordinatorLimits, servedOn: (socket: Socket) => ServerResponse | undefined) {
    this.#limits = limits
    this.#servedOn = servedOn
  }

  /** To be called once per server. Nothing has to be closed: without connections there is no timer. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#windows.set(socket, undefined)
      this.#timer ??= setInterval(() => this.#check(), this.#limits.checkEveryMs).unref()
      socket.once('close', () => this.#forget(socket))
    })
  }

  #forget(socket: Socket): void {
    this.#windows.delete(socket)
    if (this.#windows.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #check(): void {
    const nowMs = performance.now()
    for (const [socket, window] of this.#windows) {
      const awaited = this.#awaitedOf(socket)
      if (awaited === undefined) {
        if (window !== undefined) this.#windows.set(socket, undefined)
        continue
      }
      const bytes = bytesThrough(socket, awaited)
      if (window?.awaited === awaited) {
        if (nowMs < window.endsMs) continue
        if (bytes - window.startBytes < this.#bytesMin(awaited)) {
          socket.destroy()
          continue
        }
      }
      this.#windows.set(socket, { awaited, startBytes: bytes, endsMs: nowMs + this.#windowMs(awaited) })
    }
  }

  #awaitedOf(socket: Socket): Awaited | undefined {
    if (socket.writableLength > 0) return 'reader'
    const response = this.#servedOn(socket)
    return response === undefined || response.req.complete ? undefined : 'body'
  }

  #windowMs(awaited: Awaited): number {
    const { answerWindowMs, bodyWindowMs } = this.#limits
    return awaited === 'reader' ? answerWindowMs : bodyWindows * bodyWindowMs
  }

  #bytesMin(awaited: Awaited): number {
    const { answerBytesPerSecondMin, bodyBytesPerSecondMin } = this.#limits
    const perSecond = awaited === 'reader' ? answerBytesPerSecondMin : bodyBytesPerSecondMin
    return (perSecond * this.#windowMs(awaited)) / 1000
  }
}

/** What waits here does not count as written. */
function bytesThrough(socket: Socket, awaited: Awaited): number {
  return awaited === 'reader' ? socket.bytesWritten - socket.writableLength : socket.bytesRead
}
