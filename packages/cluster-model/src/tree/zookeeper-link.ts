// Keeps a session with ZooKeeper: the client finds its way back to the same one by itself; when that has expired, or can be
// believed to have, a new client object takes its place.
import { setImmediate as macrotask, setTimeout as sleep } from 'node:timers/promises'
import { ClusterError } from '../errors.js'
import { type HostAndPort, showAddress } from '../schema/addresses.js'
import type { TreeState } from './cluster-tree.js'
import { aborted, ServerAddresses } from './server-addresses.js'
import { treeErrors } from './tree-rules.js'
import { type ChangeEvent, ZooKeeperClient } from './zookeeper-client.js'

/** An operation waits so long for a link that was just lost, and not at all for one that has been lost for longer. */
const patienceMs = 3_000
/** Between attempts to begin a session. */
const pauseMs = 200
const attemptMsMin = 2_000
const resolveMsMax = 2_000
const beatsPerSession = 8

/** What the tree writes about its link; pino fits. */
export interface TreeLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

export interface LinkOptions {
  readonly servers: readonly HostAndPort[]
  readonly sessionTimeoutMs: number
  readonly log: TreeLog
}

export interface LinkEvents {
  stateChanged(state: TreeState): void
  /** After each return of the link, before stateChanged(): with another client its watches have to be armed. */
  connected(client: ZooKeeperClient): void
  changed(event: ChangeEvent, path: string): void
}

export class ZooKeeperLink {
  readonly #options: LinkOptions
  readonly #events: LinkEvents
  readonly #addresses: ServerAddresses
  #client: ZooKeeperClient | undefined
  #state: TreeState = 'away'
  #lostAtMs = performance.now()
  #expiry: NodeJS.Timeout | undefined
  /** Beats while there is a session, so that a process that was stopped knows when it goes on. */
  #pulse: NodeJS.Timeout | undefined
  #pulseAtMs = 0
  #sessionMs = 0
  #waiters = new Set<() => void>()
  #connecting: Promise<void> | undefined
  readonly #closing = new AbortController()

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options
    this.#events = events
    this.#addresses = new ServerAddresses(options.servers)
  }

  /** To be called once. Throws TREE_AWAY when there is no session after `connectTimeoutMs`, CLIENT_MISSING. */
  async open(connectTimeoutMs: number): Promise<void> {
    this.#connecting = this.#connect()
    const connected = this.#connecting.then(() => 'connected' as const)
    if ((await Promise.race([connected, this.#pause(connectTimeoutMs)])) === 'connected') return
    const names = this.#options.servers.map(showAddress).join(', ')
    const message =
      `No connection to ZooKeeper at ${names} within ${connectTimeoutMs} ms: ` +
      'see that these servers run and can be reached from here, and that names and ports are right'
    throw new ClusterError('TREE_AWAY', message, { servers: names })
  }

  /** 'away' as well in a process that was stopped for so long that its session may be over, until the server has answered. */
  get state(): TreeState {
    return this.#state === 'connected' && this.#wasStopped() ? 'away' : this.#state
  }

  /**
   * The client while the link is there. Waits a little for one that was just lost, up to `deadlineMs` of performance.now().
   * Throws TREE_AWAY, TREE_CLOSED.
   */
  async client(deadlineMs: number): Promise<ZooKeeperClient> {
    const untilMs = Math.min(deadlineMs, this.#lostAtMs + patienceMs)
    while (true) {
      if (this.#state === 'closed') throw treeErrors.closed()
      if (this.state === 'connected' && this.#client !== undefined) return this.#client
      const leftMs = untilMs - performance.now()
      if (leftMs <= 0) throw new ClusterError('TREE_AWAY', 'There is no connection to ZooKeeper at present')
      await this.#stateChange(leftMs)
    }
  }

  /** Ends the session, and with it its ephemeral nodes, when the link is there. Idempotent. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return
    clearTimeout(this.#expiry)
    clearInterval(this.#pulse)
    this.#setState('closed')
    this.#closing.abort()
    // An operation that has just been answered is still inside the client.
    await macrotask()
    this.#client?.close()
    await this.#connecting?.catch(() => undefined)
  }

  /** Attempts until there is a session or the link is closed. Throws CLIENT_MISSING only. */
  async #connect(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const client = await this.#attempt()
      if (client !== undefined) {
        this.#begin(client)
        return
      }
      await this.#pause(pauseMs)
    }
  }

  /** A client with a new session; undefined when there is none after a while. */
  async #attempt(): Promise<ZooKeeperClient | undefined> {
    const { sessionTimeoutMs } = this.#options
    const addresses = await this.#addresses.resolve(
      AbortSignal.any([this.#closing.signal, AbortSignal.timeout(resolveMsMax)]),
    )
    if (addresses === '' || this.#closing.signal.aborted) return undefined
    const attempt = new AbortController()
    let begun = false
    const holder: { client?: ZooKeeperClient } = {}
    const isCurrent = () => begun && holder.client !== undefined && holder.client === this.#client
    const client = await ZooKeeperClient.start(
      { addresses, timeoutMs: sessionTimeoutMs },
      {
        connected: () => (isCurrent() ? this.#returned() : attempt.abort()),
        lost: () => {
          if (isCurrent()) this.#lost()
        },
        ended: (code) => {
          if (isCurrent()) this.#ended(code)
        },
        changed: (event, path) => {
          if (isCurrent()) this.#events.changed(event, path)
        },
      },
    )
    if (client === undefined) return undefined
    holder.client = client
    // One server that does not answer takes two thirds of the session's time.
    const attemptMs = Math.max(attemptMsMin, addresses.split(',').length * sessionTimeoutMs)
    const limit = AbortSignal.any([attempt.signal, this.#closing.signal, AbortSignal.timeout(attemptMs)])
    await aborted(limit)
    // A session that is new must not see less than one before it did.
    const answer = attempt.signal.aborted
      ? await Promise.race([client.sync(), this.#pause(attemptMs).then(() => undefined)])
      : undefined
    begun = answer?.outcome === 'done' && !this.#closing.signal.aborted
    if (begun) return client
    await macrotask()
    client.close()
    return undefined
  }

  #begin(client: ZooKeeperClient): void {
    this.#client = client
    this.#connecting = undefined
    this.#sessionMs = client.timeoutMs
    this.#pulseAtMs = performance.now()
    clearInterval(this.#pulse)
    this.#pulse = setInterval(() => this.#beat(client), this.#sessionMs / beatsPerSession).unref()
    this.#options.log.info({ session: client.sessionId }, 'connected to ZooKeeper')
    this.#connected(client)
  }

  #beat(client: ZooKeeperClient): void {
    const doubtful = this.#state === 'connected' && this.#wasStopped()
    this.#pulseAtMs = performance.now()
    if (!doubtful) return
    this.#options.log.warn({}, 'this process stood still; asking ZooKeeper whether the session is alive')
    this.#lost()
    void client.sync().then(({ outcome }) => {
      if (outcome === 'done' && client === this.#client && this.#state === 'away') this.#returned()
    })
  }

  /** The server ends a session that it has not heard of for its whole time; it may have heard a third before. */
  #wasStopped(): boolean {
    return performance.now() - this.#pulseAtMs > this.#sessionMs / 2
  }

  #returned(): void {
    clearTimeout(this.#expiry)
    if (this.#client !== undefined) this.#connected(this.#client)
  }

  #connected(client: ZooKeeperClient): void {
    if (this.#state === 'closed') return
    this.#state = 'connected'
    this.#events.connected(client)
    this.#announce('connected')
  }

  #lost(): void {
    if (this.#state !== 'connected') return
    this.#lostAtMs = performance.now()
    this.#setState('away')
    // Nothing reports the expiry while no server can be reached.
    this.#expiry = setTimeout(() => this.#renew('expired unseen'), this.#sessionMs).unref()
  }

  #ended(code: number): void {
    this.#options.log.warn({ code }, 'the ZooKeeper session has ended')
    if (this.#state === 'connected') this.#lostAtMs = performance.now()
    this.#setState('away')
    this.#renew('ended')
  }

  /** Another client object instead of the present one. */
  #renew(reason: string): void {
    if (this.#state === 'closed' || this.#connecting !== undefined) return
    clearTimeout(this.#expiry)
    this.#options.log.warn({ reason }, 'beginning another ZooKeeper session')
    const old = this.#client
    this.#client = undefined
    this.#connecting = macrotask().then(() => {
      old?.close()
      return this.#connect()
    })
    // It was loaded before, so there is nothing that it throws.
    this.#connecting.catch(() => undefined)
  }

  #setState(state: TreeState): void {
    if (this.#state === state || this.#state === 'closed') return
    this.#state = state
    this.#announce(state)
  }

  #announce(state: TreeState): void {
    for (const wake of [...this.#waiters]) wake()
    this.#events.stateChanged(state)
  }

  #stateChange(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        this.#waiters.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, limitMs)
      this.#waiters.add(wake)
    })
  }

  /** Ends early when the link is closed. */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined)
  }
}
