// Peers as a node client meets them, good and bad: real sockets on a free port, gone when the test ends.
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createNetServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { ServerNode } from '../../src/cluster-snapshot.js'

export interface ListeningNode extends ServerNode {
  readonly sockets: ReadonlySet<Socket>
  /** How many connections were made, and how many of them have ended. */
  connections(): number
  ended(): number
}

/** Speaks HTTP as `listener` says. */
export async function httpNode(listener: RequestListener): Promise<ListeningNode> {
  return listen(createHttpServer(listener))
}

/** Does with a bare connection whatever the test wants. */
export async function socketNode(onConnection: (socket: Socket) => void): Promise<ListeningNode> {
  return listen(createNetServer(onConnection))
}

async function listen(server: Server): Promise<ListeningNode> {
  const sockets = new Set<Socket>()
  let connections = 0
  let ended = 0
  server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      ended++
      sockets.delete(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  })
  const { port } = server.address() as AddressInfo
  return nodeAt(port, { sockets, connections: () => connections, ended: () => ended })
}

export function nodeAt<More extends object>(port: number, more: More): ServerNode & More {
  return { id: '4', host: '127.0.0.1', port, url: `http://127.0.0.1:${port}`, ...more }
}
