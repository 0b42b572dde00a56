// A real store with its daemon, which can be stopped and started again at its port.
import { type Daemon, type DaemonOptions, startDaemon, Store, type StoreOptions } from '@backpack/store'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { temporaryDirectory } from './temporary-directory.js'

export class StoreNode {
  readonly id: string
  readonly path = temporaryDirectory()
  readonly #options: Partial<StoreOptions>
  readonly #daemonOptions: Partial<DaemonOptions>
  #running: { store: Store; daemon: Daemon } | undefined
  #port = 0

  constructor(id: string, options: Partial<StoreOptions> = {}, daemonOptions: Partial<DaemonOptions> = {}) {
    this.id = id
    this.#options = options
    this.#daemonOptions = daemonOptions
    onTestFinished(() => this.stop())
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get store(): Store {
    if (this.#running === undefined) throw new Error(`Node ${this.id} is stopped`)
    return this.#running.store
  }

  async start(): Promise<this> {
    const store = await Store.open({ reserveBytes: 0, ...this.#options, path: this.path })
    const log = pino({ level: 'silent' })
    const limits = { drainMs: 100 }
    const place = { store, host: '127.0.0.1', port: this.#port }
    const daemon = await startDaemon({ ...place, log, limits, ...this.#daemonOptions })
    this.#port = daemon.port
    this.#running = { store, daemon }
    return this
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    await running?.daemon.drain()
    await running?.store.close()
  }

  /** The bytes of a blob, undefined when this node does not have it. */
  async read(name: string): Promise<Buffer | undefined> {
    return (await this.store.get(name))?.data
  }
}
