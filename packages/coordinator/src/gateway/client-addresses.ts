// Who is at the other end of each connection. A socket whose client is gone says nothing of it any more, and that is when
// errors are told.
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export class ClientAddresses {
  readonly #addresses = new WeakMap<Socket, string>()

  /** To be called once per server. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      const { remoteAddress, remotePort } = socket
      if (remoteAddress !== undefined) this.#addresses.set(socket, `${remoteAddress}:${remotePort ?? 0}`)
    })
  }

  /** `address:port`; `unknown` of one that was gone before it was looked at. */
  addressOf(socket: Socket): string {
    return this.#addresses.get(socket) ?? 'unknown'
  }
}
