// How much each request moved. What a client announces is only believed as far as it came.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

interface Counted {
  readonly received: number
  readonly sent: number
}

const nothing: Counted = { received: 0, sent: 0 }

export class ConnectionTraffic {
  /** Of each connection, what belongs to the requests before. */
  readonly #counted = new WeakMap<Socket, Counted>()

  /**
   * Bytes of the request's body that came, and of its answer with its head that went. To be called once per request, in
   * their order, when its answer is over: of the next requests on the connection some bytes may be here already.
   */
  bytesOf({ socket, headers }: IncomingMessage): number {
    const before = this.#counted.get(socket) ?? nothing
    const now = { received: socket.bytesRead, sent: socket.bytesWritten }
    this.#counted.set(socket, now)
    const came = now.received - before.received
    return Math.min(announcedBytes(headers), came) + now.sent - before.sent
  }
}

function announcedBytes({
  'content-length': length,
  'transfer-encoding': coding,
}: IncomingMessage['headers']): number {
  return coding === undefined ? Number(length ?? 0) : Infinity
}
