// Stands where a node should be and does what a sick one does. Gone when the test ends.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Address } from '../../src/nginx/nginx-options.js'

const host = '127.0.0.1'

export interface StrangeServer extends Address {
  /** Requests it was sent. */
  readonly asked: readonly string[]
}

/** Answers every request with this status. */
export async function startAnswering(status: number, headers: Record<string, string> = {}): Promise<StrangeServer> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(status, headers).end(`${status}\n`)
  })
  server.listen(0, host)
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { host, port: portOf(server.address()), asked }
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
