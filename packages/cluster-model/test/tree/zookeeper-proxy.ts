// Stands between a tree and a ZooKeeper server: cuts the link, or swallows one request or its answer, and hears the session's
// id and password. Reads just enough of the protocol: frames with a length, requests with a number and a kind.
import { freePort } from '@backpack/test-cluster'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

const kinds = { create: 1, delete: 2, exists: 3, set: 5 } as const

const frameBytesMax = 2 * 1024 * 1024

export type RequestKind = keyof typeof kinds

export class ZooKeeperProxy {
  readonly port: number
  readonly #targetPort: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #refusing = false
  #pieceBytes: number | undefined
  #wanted:
    | { kind: number; lose: 'request' | 'answer' | 'nothing'; then: () => Promise<void> | void }
    | undefined
  #session: { id: string; password: string } | undefined

  private constructor(port: number, targetPort: number) {
    this.port = port
    this.#targetPort = targetPort
    this.#server = createServer((client) => this.#serve(client))
  }

  static async start(targetPort: number): Promise<ZooKeeperProxy> {
    const proxy = new ZooKeeperProxy(await freePort(), targetPort)
    proxy.#server.listen(proxy.port, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Of the session begun last, as a second client needs them to take it over. */
  get session(): { readonly id: string; readonly password: string } {
    if (this.#session === undefined) throw new Error('No session went through yet')
    return this.#session
  }

  /** Cuts all links; with `refuse` new ones too, until accept(). */
  cut({ refuse = false } = {}): void {
    this.#refusing = refuse
    for (const socket of this.#sockets) socket.destroy()
  }

  accept(): void {
    this.#refusing = false
  }

  /** The link is cut instead of the next request of that kind, or instead of its answer; `then` goes before the cut. */
  loseNext(kind: RequestKind, lose: 'request' | 'answer', then: () => Promise<void> | void = () => {}): void {
    this.#wanted = { kind: kinds[kind], lose, then }
  }

  /** `first` goes before the next request of that kind is passed on, and all after it. */
  delayNext(kind: RequestKind, first: () => Promise<void>): void {
    this.#wanted = { kind: kinds[kind], lose: 'nothing', then: first }
  }

  /** From now on answers come in pieces of so many bytes, as over a slow network. */
  sendInPieces(pieceBytes: number): void {
    this.#pieceBytes = pieceBytes
  }

  /** Whether what loseNext() asked for has happened. */
  get hasLost(): boolean {
    return this.#wanted === undefined
  }

  async close(): Promise<void> {
    this.cut({ refuse: true })
    this.#server.close()
    await once(this.#server, 'close')
  }

  #serve(client: Socket): void {
    if (this.#refusing) {
      client.destroy()
      return
    }
    const server = connect(this.#targetPort, '127.0.0.1')
    const end = () => {
      client.destroy()
      server.destroy()
      this.#sockets.delete(client)
    }
    this.#sockets.add(client)
    for (const socket of [client, server]) socket.on('error', end).on('close', end)
    let lostAnswer: { number: number; then: () => Promise<void> | void } | undefined
    let shaken = { request: false, answer: false }
    let requests: Promise<void> = Promise.resolve()
    let writes: Promise<void> = Promise.resolve()
    readFrames(client, (frame) => {
      const wanted = this.#wanted
      if (shaken.request && wanted !== undefined && frame.readInt32BE(8) === wanted.kind) {
        this.#wanted = undefined
        if (wanted.lose === 'request') {
          void Promise.resolve(wanted.then()).then(end)
          return
        }
        if (wanted.lose === 'answer') lostAnswer = { number: frame.readInt32BE(4), then: wanted.then }
        else requests = requests.then(wanted.then)
      }
      shaken = { ...shaken, request: true }
      requests = requests.then(() => void server.write(frame))
    })
    readFrames(server, (frame) => {
      if (!shaken.answer) this.#remember(frame)
      else if (frame.readInt32BE(4) === lostAnswer?.number) {
        void Promise.resolve(lostAnswer.then()).then(end)
        return
      }
      shaken = { ...shaken, answer: true }
      writes = writes.then(() => this.#write(client, frame))
    })
  }

  async #write(client: Socket, frame: Buffer): Promise<void> {
    const pieceBytes = this.#pieceBytes ?? frame.length
    for (let at = 0; at < frame.length && !client.destroyed; at += pieceBytes) {
      client.write(frame.subarray(at, at + pieceBytes))
      // Each is read before the next is sent.
      if (pieceBytes < frame.length) await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  /** The answer to a connect request: length, protocol, timeout, session id, password with its length. */
  #remember(frame: Buffer): void {
    const id = frame.readBigUInt64BE(12)
    if (id === 0n) return
    this.#session = { id: id.toString(16), password: frame.subarray(24, 40).toString('hex').toUpperCase() }
  }
}

/** Calls `take` with each whole frame, its length included. */
function readFrames(socket: Socket, take: (frame: Buffer) => void): void {
  let pending = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk])
    // As the server does with what cannot be a frame: the client may begin a link with the end of one.
    if (pending.length >= 4 && pending.readUInt32BE(0) > frameBytesMax) socket.destroy()
    while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
      const end = 4 + pending.readUInt32BE(0)
      const frame = Buffer.from(pending.subarray(0, end))
      pending = pending.subarray(end)
      take(frame)
    }
  })
}
