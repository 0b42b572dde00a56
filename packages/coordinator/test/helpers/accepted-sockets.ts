// Connections as the servers of this process have them: who does not read does not hear that the other side has closed.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'

const channel = 'net.server.socket'

/** Ports of clients. */
export interface Accepted {
  readonly ever: ReadonlySet<number>
  /** Those that the server has not closed. */
  readonly open: ReadonlySet<number>
}

/** From now on: gives the connections that were accepted at a port. */
export function watchAccepted(): (port: number) => Accepted {
  const sockets: {
    readonly localPort: number | undefined
    readonly peer: number
    readonly socket: Socket
  }[] = []
  const onSocket = (message: unknown) => {
    const { socket } = message as { socket: Socket }
    sockets.push({ localPort: socket.localPort, peer: socket.remotePort ?? 0, socket })
  }
  subscribe(channel, onSocket)
  onTestFinished(() => void unsubscribe(channel, onSocket))
  return (port) => {
    const here = sockets.filter(({ localPort }) => localPort === port)
    const open = here.filter(({ socket }) => !socket.destroyed)
    return { ever: new Set(here.map(({ peer }) => peer)), open: new Set(open.map(({ peer }) => peer)) }
  }
}
