// Serves the 2013 API and everything below /-/ on one port.
import { buildApp } from './build-app.js'
import { CountedListener } from './counted-listener.js'
import { CoordinatorMetrics } from './metrics.js'
import type { ReadParts } from './serve-blob.js'

export interface ListenOptions {
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
}

export interface Listening {
  /** `http://host:port/` */
  readonly url: string
  readonly port: number
  /** Stops accepting, waits for requests under way (at most drainMs), closes the rest. Idempotent. */
  drain(): Promise<void>
}

/** Resolves once the port is listened on; rejects with the error of listen(2), such as EADDRINUSE. */
export async function startListening(parts: ReadParts, { host, port }: ListenOptions): Promise<Listening> {
  const { limits, log } = parts
  const metrics = new CoordinatorMetrics(parts)
  let draining: Promise<void> | undefined
  const app = buildApp({ ...parts, metrics, draining: () => draining !== undefined })
  await app.ready()
  const onRefused = () => {
    metrics.connectionsRefused++
  }
  const listener = new CountedListener(app.server, { limits, log, onRefused })
  metrics.connections = () => listener.connections
  const listening = await listener.listen({ host, port })

  async function end(): Promise<void> {
    await listener.drain()
    await app.close()
  }

  return {
    url: `http://${shownHost(host)}:${listening}/`,
    port: listening,
    drain: () => (draining ??= end()),
  }
}

/** A host as it stands in a URL. */
export function shownHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
