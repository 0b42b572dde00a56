// A real TCP proxy before a store, which can do to connections what networks do to them.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Weather {
  /** Called for each connection: after how many bytes it is cut, both ways together; undefined: never. */
  cutAfterBytes?: () => number | undefined
  /** Connections are taken, but nothing passes. */
  silent?: boolean
  /** Changes what the store sends. */
  onAnswer?: (chunk: Buffer) => Buffer
}

export class TcpProxy {
  weather: Weather = {}
  /** What went to the store, and what came from it. */
  toStoreBytes = 0
  fromStoreBytes = 0
  readonly #server: Server
  readonly #storePort: () => number
  readonly #sockets = new Set<Socket>()

  private constructor(storePort: () => number) {
    this.#storePort = storePort
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
  }

  static async start(storePort: () => number): Promise<TcpProxy> {
    const proxy = new TcpProxy(storePort)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    onTestFinished(() => proxy.#close())
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Ends every connection there is. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  #accept(client: Socket): void {
    const { silent = false, cutAfterBytes } = this.weather
    this.#keep(client)
    if (silent) {
      client.resume()
      return
    }
    const store = this.#keep(connect({ port: this.#storePort(), host: '127.0.0.1', noDelay: true }))
    let leftBytes = cutAfterBytes?.() ?? Number.POSITIVE_INFINITY
    const passes = (bytes: number) => {
      leftBytes -= bytes
      if (leftBytes > 0) return true
      client.resetAndDestroy()
      store.destroy()
      return false
    }
    client.on('data', (chunk: Buffer) => {
      this.toStoreBytes += chunk.length
      if (passes(chunk.length) && !store.write(chunk)) client.pause()
    })
    store.on('data', (chunk: Buffer) => {
      this.fromStoreBytes += chunk.length
      const answer = this.weather.onAnswer?.(chunk) ?? chunk
      if (passes(chunk.length) && !client.write(answer)) store.pause()
    })
    store.on('drain', () => client.resume())
    client.on('drain', () => store.resume())
    client.on('close', () => store.destroy())
    store.on('close', () => client.destroy())
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
    return socket
  }

  async #close(): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server, 'close')
  }
}
