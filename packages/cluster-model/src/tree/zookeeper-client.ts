// The one file that touches npm `zookeeper`: one of its client objects, from init() to close(), never used again after.
// It takes the callback methods, which give numbers, and the default watcher, which keeps no memory per watch.
import type { EventEmitter } from 'node:events'
import { ClusterError } from '../errors.js'
import { HeldDescriptors } from './held-descriptors.js'
import { type Answer, answerOf } from './zookeeper-errors.js'

const ephemeralFlag = 1
const anyVersion = -1
const connectingState = 1
const connectedState = 3
/** After so many reads without a whole answer the client ends the session; its own 10 are too few for a large node. */
const partialReadsMax = 10_000

export interface ZooKeeperStat {
  readonly version: number
  /** Grows by one with each child created or removed. */
  readonly cversion: number
  /** The transaction that created it: tells it from one of the same path before it. */
  readonly czxid: number
  /** A session's id; '0' when it is not ephemeral. */
  readonly ephemeralOwner: string
}

export interface ZooKeeperNode {
  readonly stat: ZooKeeperStat
  readonly data: Buffer
}

export interface ZooKeeperChildren {
  readonly names: readonly string[]
  readonly stat: ZooKeeperStat
}

export interface ClientEvents {
  /** The link is there, for the first time or again. */
  connected(): void
  /** The link is lost, maybe said more than once; the client looks for another server by itself. */
  lost(): void
  /** The session has ended: the object is of no use any more. Not after close(). */
  ended(code: number): void
  changed(event: ChangeEvent, path: string): void
}

/** Each uses up the watch that gave it. */
export type ChangeEvent = 'created' | 'deleted' | 'changed' | 'child'

type Callback<Values extends unknown[]> = (code: number, text: string, ...values: Values) => void

/** What we use of the client; its own types leave most of it open. */
interface NativeClient extends EventEmitter {
  readonly state: number
  readonly timeout: number
  readonly client_id: string
  init(options: object): void
  close(): void
  a_sync(path: string, callback: Callback<[]>): number
  a_get(path: string, watch: boolean, callback: Callback<[ZooKeeperStat, Buffer | null]>): number
  a_exists(path: string, watch: boolean, callback: Callback<[ZooKeeperStat]>): number
  a_get_children2(path: string, watch: boolean, callback: Callback<[string[], ZooKeeperStat]>): number
  a_create(path: string, data: Buffer, flags: number, callback: Callback<[string]>): number
  a_set(path: string, data: Buffer, version: number, callback: Callback<[ZooKeeperStat]>): number
  a_delete_(path: string, version: number, callback: Callback<[]>): number
}

type ClientConstructor = new (config: object) => NativeClient

export class ZooKeeperClient {
  readonly #native: NativeClient
  readonly #events: ClientEvents
  /** From the loss of a link until the client is done with its socket: until it has another one, or is closed. */
  readonly #descriptors = new HeldDescriptors()
  #closed = false

  private constructor(native: NativeClient, events: ClientEvents) {
    this.#native = native
    this.#events = events
  }

  /**
   * Begins to connect; `connected` or nothing at all follows. Undefined when the client gave up at once, as with a server
   * that refuses: it would stay so for ever. Throws CLIENT_MISSING.
   */
  static async start(
    { addresses, timeoutMs }: { readonly addresses: string; readonly timeoutMs: number },
    events: ClientEvents,
  ): Promise<ZooKeeperClient | undefined> {
    const Client = await loadClient()
    const native = new Client({
      connect: addresses,
      timeout: timeoutMs,
      response_counter_limit: partialReadsMax,
    })
    const client = new ZooKeeperClient(native, events)
    native.on('connect', () => {
      client.#descriptors.note()
      events.connected()
    })
    native.on('connecting', () => client.#lost())
    native.on('close', (_: unknown, code: number) => {
      client.#descriptors.release()
      if (client.#closed) return
      client.#closed = true
      events.ended(code)
    })
    for (const event of ['created', 'deleted', 'changed', 'child'] as const) {
      native.on(event, (_: unknown, path: string) => events.changed(event, path))
    }
    native.init({})
    if (native.state >= connectingState && native.state <= connectedState) return client
    client.close()
    return undefined
  }

  /** As the server agreed to. */
  get timeoutMs(): number {
    return this.#native.timeout
  }

  get sessionId(): string {
    return this.#native.client_id
  }

  /** What was done anywhere before the call is seen after it. */
  sync(): Promise<Answer<void>> {
    return this.#ask((done) => {
      return this.#native.a_sync('/', (code) => done(code))
    })
  }

  get(path: string): Promise<Answer<ZooKeeperNode>> {
    return this.#ask((done) => {
      return this.#native.a_get(path, false, (code, _, stat, data) => {
        done(code, { stat, data: data ?? Buffer.alloc(0) })
      })
    })
  }

  exists(path: string, { watch = false } = {}): Promise<Answer<ZooKeeperStat>> {
    return this.#ask((done) => {
      return this.#native.a_exists(path, watch, (code, _, stat) => done(code, stat))
    })
  }

  children(path: string, { watch = false } = {}): Promise<Answer<ZooKeeperChildren>> {
    return this.#ask((done) => {
      return this.#native.a_get_children2(path, watch, (code, _, names, stat) => done(code, { names, stat }))
    })
  }

  create(path: string, data: Buffer, { ephemeral }: { readonly ephemeral: boolean }): Promise<Answer<void>> {
    return this.#ask((done) => {
      return this.#native.a_create(path, data, ephemeral ? ephemeralFlag : 0, (code) => done(code))
    })
  }

  set(path: string, data: Buffer, version: number): Promise<Answer<ZooKeeperStat>> {
    return this.#ask((done) => {
      return this.#native.a_set(path, data, version, (code, _, stat) => done(code, stat))
    })
  }

  delete(path: string, version = anyVersion): Promise<Answer<void>> {
    return this.#ask((done) => this.#native.a_delete_(path, version, (code) => done(code)))
  }

  /**
   * Ends the session if the link is there, and blocks until the server has done so (4.5 s with one that hangs). Not to be
   * called from within one of the client's own events or answers.
   */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#native.close()
  }

  #ask<Value>(request: (done: (code: number, value?: Value) => void) => number): Promise<Answer<Value>> {
    const invalidState = -9
    return new Promise((resolve) => {
      if (this.#closed) {
        resolve(answerOf(invalidState))
        return
      }
      const code = request((answerCode, value) => resolve(answerOf(answerCode, value)))
      // Then the callback is never called.
      if (code < 0) resolve(answerOf(code))
      // A request that meets a broken link closes it, and the client says nothing of that.
      if (this.#native.state !== connectedState) this.#lost()
    })
  }

  #lost(): void {
    this.#descriptors.hold()
    this.#events.lost()
  }
}

async function loadClient(): Promise<ClientConstructor> {
  try {
    const { default: Client } = await import('zookeeper')
    return Client as unknown as ClientConstructor
  } catch (cause) {
    const message =
      'The ZooKeeper client is not installed, because it could not be compiled when this package was: install g++, make and ' +
      'python3 (Debian: apt-get install g++ make python3), then run npm install again, or npm install zookeeper'
    throw new ClusterError('CLIENT_MISSING', message, { cause })
  }
}
