// What a replicator says of itself over HTTP: metrics and health.
import { urlOf } from '@backpack/cluster-model'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { messageOf } from '../error-codes.js'

const headersMs = 10_000
const connectionsMax = 64

export interface StatusSource {
  readonly metricsType: string
  metrics(): Promise<string>
  /** Whether tasks are worked off. */
  ready(): boolean
}

export interface StatusServer {
  /** `http://host:port`, without a trailing slash. */
  readonly url: string
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
}

/** Resolves once it listens; rejects with the error of listen(2), such as EADDRINUSE. */
export async function startStatusServer(
  source: StatusSource,
  { host, port }: { host: string; port: number },
): Promise<StatusServer> {
  const server = createServer(
    { headersTimeout: headersMs, requestTimeout: headersMs },
    (request, response) => {
      void respond(source, request, response)
    },
  )
  server.maxConnections = connectionsMax
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  server.removeAllListeners('error')
  const { port: listening } = server.address() as AddressInfo
  return {
    url: urlOf({ host, port: listening }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Never rejects. */
async function respond(
  source: StatusSource,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume()
  const { status, type, text } = await answer(source, request)
  const headers = { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) }
  if (status === 503) response.setHeader('Retry-After', '1')
  if (status === 405) response.setHeader('Allow', 'GET, HEAD')
  response.writeHead(status, headers).end(text)
}

async function answer(source: StatusSource, { method, url = '/' }: IncomingMessage): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return json(405, { error: 'This method is not served' })
  switch (url.split('?')[0]) {
    case '/-/live':
      return json(200, { live: true })
    case '/-/ready':
      return json(source.ready() ? 200 : 503, { ready: source.ready() })
    case '/-/metrics':
      try {
        return { status: 200, type: source.metricsType, text: await source.metrics() }
      } catch (error) {
        return json(500, { error: messageOf(error) })
      }
    default:
      return json(404, { error: 'Here are /-/metrics, /-/live and /-/ready' })
  }
}

function json(status: number, value: object): Answer {
  return { status, type: 'application/json', text: JSON.stringify(value) }
}
