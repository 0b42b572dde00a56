// Listens for the gateway: HTTP and HTTPS, each where the configuration says, with the same handlers behind them and one
// count of connections.
import { makeServer } from '@backpack/http-rules'
import type { Socket } from 'node:net'
import { CountedListener } from '../http/counted-listener.js'
import type { ReadParts } from '../http/serve-blob.js'
import { type Listening, shownHost } from '../http/start-listening.js'
import { buildGateway } from './build-gateway.js'
import { ClientAddresses } from './client-addresses.js'
import type { GatewayConfig } from './config/gateway-config.js'
import type { ListenAddress } from './config/listen-address.js'
import type { LiveConfig } from './config/live-config.js'
import { RecentErrors } from './recent-errors.js'
import { RequestRates } from './request-rates.js'
import { TlsDoor } from './tls-door.js'

export interface GatewayListening extends Listening {
  /** Where it can be reached: HTTP first, then HTTPS; `url` and `port` are those of the first. */
  readonly doors: readonly GatewayDoor[]
  /** Names in the configuration file that mean nothing here. */
  readonly inert: readonly string[]
  /** Reads the configuration and the certificate again. Never rejects. */
  reread(): Promise<void>
}

export interface GatewayDoor {
  /** `http://host:port/` or `https://host:port/` */
  readonly url: string
  readonly address: ListenAddress
  readonly port: number
  readonly secure: boolean
}

/**
 * Resolves once all addresses are listened on. The configuration stays open. Rejects with the error of listen(2), such as
 * EADDRINUSE.
 */
export async function startGateway(parts: ReadParts, liveConfig: LiveConfig): Promise<GatewayListening> {
  const { limits, log } = parts
  const { address, httpsAddress } = liveConfig.config
  let draining: Promise<void> | undefined
  const gateway = await buildGateway({
    ...parts,
    config: () => liveConfig.config,
    liveConfig,
    rates: new RequestRates(),
    recentErrors: new RecentErrors(),
    clients: new ClientAddresses(),
    draining: () => draining !== undefined,
  })
  const server = makeServer(gateway.handle, limits)
  gateway.watch(server)
  const setTimes = ({ idleTimeoutMs }: GatewayConfig) => {
    server.keepAliveTimeout = idleTimeoutMs
    server.timeout = idleTimeoutMs
  }
  setTimes(liveConfig.config)
  const listener = new CountedListener(server, { limits, log, headers: () => liveConfig.config.headers })
  const secure = httpsAddress === undefined ? undefined : await openTlsDoor(parts, liveConfig, server)
  const forget = liveConfig.onChange((config) => {
    setTimes(config)
    void secure?.reread()
  })

  async function end(): Promise<void> {
    forget()
    await Promise.all([listener.drain(), secure?.close()])
    await gateway.app.close()
  }

  const drain = () => (draining ??= end())
  try {
    const doors: GatewayDoor[] = []
    if (address !== undefined) doors.push(doorOf(address, await listener.listen(address), false))
    if (httpsAddress !== undefined) {
      // As with node:https: the end of one side is the end of a TLS connection, which nothing else would close.
      const enter = (socket: Socket) => secure?.enter(socket)
      const port = await listener.listen({ ...httpsAddress, enter, allowHalfOpen: false })
      doors.push(doorOf(httpsAddress, port, true))
    }
    const [{ url, port } = { url: '', port: 0 }] = doors
    return {
      url,
      port,
      doors,
      inert: liveConfig.inert,
      reread: async () => {
        await liveConfig.reread()
        await secure?.reread()
      },
      drain,
    }
  } catch (error) {
    await drain()
    throw error
  }
}

function openTlsDoor(
  { limits, log }: ReadParts,
  liveConfig: LiveConfig,
  server: ReturnType<typeof makeServer>,
): Promise<TlsDoor> {
  return TlsDoor.open({
    limits,
    log,
    // The configuration has both wherever it has an address for HTTPS.
    files: () => {
      const { certFile = '', keyFile = '' } = liveConfig.config
      return { certFile, keyFile }
    },
    everyMs: () => liveConfig.config.bucketUpdateIntervalMs,
    enter: (socket) => void server.emit('connection', socket),
  })
}

/** A URL cannot name all addresses of a machine: for its readers that is the machine itself. */
function doorOf(address: ListenAddress, port: number, secure: boolean): GatewayDoor {
  const host = shownHost(address.host === '' ? 'localhost' : address.host)
  return { url: `${secure ? 'https' : 'http'}://${host}:${port}/`, address, port, secure }
}
