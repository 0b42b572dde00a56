// What stands before a real store and makes it sick, until it is told to let it recover: real sockets, real HTTP.
import { once } from 'node:events'
import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface SickProxy {
  /** `http://host:port`, of the proxy. */
  readonly url: string
  setSick(sick: boolean): void
}

/** Every piece of an answer comes so much later, over TCP; without it the bytes pass as they come. */
export async function delayingProxy(target: string, delayMs: number): Promise<SickProxy> {
  let sick = false
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: '127.0.0.1', port: Number(new URL(target).port), noDelay: true })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.pipe(upstream)
    // One after the other, so that a piece never overtakes the one before it.
    let sent: Promise<void> = Promise.resolve()
    upstream.on('data', (piece: Buffer) => {
      const arrives = new Promise<void>((resolve) => {
        if (sick) setTimeout(resolve, delayMs)
        else resolve()
      })
      sent = Promise.all([sent, arrives]).then(() => void client.write(piece))
    })
  })
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { url: await listening(server), setSick: (value) => (sick = value) }
}

/** Answers every second PUT with 500 by itself, and passes on everything else. */
export async function refusingProxy(target: string): Promise<SickProxy> {
  let sick = false
  let puts = 0
  const server = createHttpServer((request, response) => {
    if (sick && request.method === 'PUT' && ++puts % 2 === 0) {
      request.resume()
      request.on('end', () => response.writeHead(500, { 'Content-Length': 2 }).end('{}'))
      return
    }
    const { method, headers, url } = request
    const upstream = httpRequest(target, { method, headers, path: url }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    upstream.on('error', () => response.destroy())
    request.pipe(upstream)
  })
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: await listening(server), setSick: (value) => (sick = value) }
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
