// Stands where a node should be and does what a sick one does. Gone when the test ends.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Address } from '../../src/nginx/nginx-options.js'

const host = '127.0.0.1'

export interface StrangeServer extends Address {
  /** Targets, or first lines, of the requests it was sent. */
  readonly asked: readonly string[]
}

export interface AnsweringServer extends StrangeServer {
  /** Headers of these requests. */
  readonly headers: readonly IncomingHttpHeaders[]
}

/** Answers every request with this status. */
export async function startAnswering(
  status: number,
  sent: Record<string, string> = {},
): Promise<AnsweringServer> {
  const asked: string[] = []
  const headers: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    headers.push(request.headers)
    response.writeHead(status, sent).end(`${status}\n`)
  })
  server.listen(0, host)
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { host, port: portOf(server.address()), asked, headers }
}

/** Takes connections and what comes on them, and never says anything. */
export async function startSilent(): Promise<StrangeServer> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('data', (data: Buffer) => asked.push(data.toString('latin1').split('\r\n')[0] ?? ''))
  })
  server.listen(0, host)
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { host, port: portOf(server.address()), asked }
}

function portOf(address: ReturnType<ReturnType<typeof createTcpServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('A TCP server without a port')
  return address.port
}
