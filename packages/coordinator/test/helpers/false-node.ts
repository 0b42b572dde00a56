// A server that is no store, or a sick one: real HTTP, wrong behaviour.
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { onTestFinished } from 'vitest'

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Answers as `handler` does, `/-/live` and `/-/stats` as a store does; gives its address. */
export async function falseNode(
  handler: RequestListener,
  { stats = '{"usedBytes":0}' }: { readonly stats?: string } = {},
): Promise<string> {
  const server = createHttpServer((request, response) => {
    if (request.url === '/-/live') response.end('{"live":true}')
    else if (request.url === '/-/stats') response.end(stats)
    else void handler(request, response)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return listening(server)
}

/** Takes connections and never says a word. */
export async function silentNode(): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.resume()
    onTestFinished(() => void socket.destroy())
  })
  onTestFinished(() => void server.close())
  return listening(server)
}

/** Reserved ports that no program uses: one that was free a moment ago may be somebody's by now. */
let deadPort = 1

/** An address at which nothing listens, another one each time; there are few of them. */
export function deadAddress(): Promise<string> {
  return Promise.resolve(`http://127.0.0.1:${++deadPort}`)
}
