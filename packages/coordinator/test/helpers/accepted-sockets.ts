// Connections as the servers of this process have them: who does not read does not hear that the other side has closed.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'

const channel = 'net.server.socket'

/** From now on: gives the clients' ports of the connections that were accepted at a port and are not closed. */
export function watchAccepted(): (port: number) => Set<number> {
  const sockets = new Set<Socket>()
  const onSocket = (message: unknown) => {
    const { socket } = message as { socket: Socket }
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }
  subscribe(channel, onSocket)
  onTestFinished(() => void unsubscribe(channel, onSocket))
  return (port) => {
    const open = [...sockets].filter(({ localPort, destroyed }) => localPort === port && !destroyed)
    return new Set(open.map(({ remotePort = 0 }) => remotePort))
  }
}
