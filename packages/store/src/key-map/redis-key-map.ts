// The key map in Redis, owned by the process that holds the directory. A gate stands before it: open only while this
// is the Redis that everything was published to. Whatever casts doubt on that shuts it, and it opens again once the
// volumes were replayed.
import { setTimeout as delay } from 'node:timers/promises'
import { StoreError } from '../errors.js'
import type { RedisOptions, StoreLog } from '../options.js'
import type {
  KeyMap,
  KeyMapEntry,
  KeyMapStats,
  LocationSource,
  Publication,
  VolumePosition,
} from './key-map.js'
import { RedisCodec } from './redis-codec.js'
import { RedisConnection } from './redis-connection.js'
import { RedisLedger } from './redis-ledger.js'
import { synchronise } from './redis-replay.js'

const retryMs = 100

export interface RedisKeyMapOptions extends RedisOptions {
  /** Unique per data directory. */
  readonly storeId: string
  readonly log: StoreLog
}

export class RedisKeyMap implements KeyMap {
  readonly exact = true
  readonly #connection: RedisConnection
  readonly #codec: RedisCodec
  readonly #ledger: RedisLedger
  readonly #log: StoreLog
  #gate: 'opening' | 'open' | 'shut' | 'closed' = 'opening'
  /** Counts the openings of the gate, so that an answer from before the last one does not shut it. */
  #opened = 0
  #source: LocationSource | undefined
  #reopening: Promise<void> | undefined
  readonly #closing = new AbortController()

  constructor(options: RedisKeyMapOptions) {
    this.#log = options.log
    this.#codec = new RedisCodec(options, options.storeId)
    this.#connection = new RedisConnection(options, (error) => this.#shut(this.#opened, error))
    this.#ledger = new RedisLedger(this.#connection, this.#codec, options.storeId)
  }

  /** Throws KEY_MAP_AWAY (after the command timeout when Redis does not answer), KEY_MAP_REFUSED, INVALID_OPTIONS. */
  async load(source: LocationSource): Promise<void> {
    if (!this.#codec.isSound()) {
      throw new StoreError('INVALID_OPTIONS', 'decodeValue does not give back what encodeValue was given')
    }
    this.#source = source
    await this.#connection.connected()
    await this.#synchronise(source)
  }

  async find(name: Buffer): Promise<KeyMapEntry | undefined> {
    if (this.#gate !== 'open') throw this.#notReady()
    const opened = this.#opened
    try {
      const { entry, current } = await this.#ledger.find(name)
      if (current) return entry
    } catch (error) {
      this.#shut(opened, error)
      throw error
    }
    this.#shut(opened)
    throw this.#notReady()
  }

  /** Throws KEY_MAP_AWAY: then Redis may or may not have it, and the replay before the gate opens again decides. */
  async publish(publications: readonly Publication[], position: VolumePosition): Promise<void> {
    if (this.#gate !== 'open') throw this.#notReady()
    const opened = this.#opened
    const last = publications.at(-1)
    if (last === undefined) return
    const { volumeId, endBytes } = position
    try {
      await this.#ledger.publish(publications, volumeId, {
        endBytes,
        lastOffsetBytes: last.entry.offsetBytes,
        lastVersion: last.version,
      })
    } catch (error) {
      this.#shut(opened, error)
      throw error
    }
  }

  ready(): boolean {
    return this.#gate === 'open'
  }

  stats(): KeyMapStats {
    return { kind: 'redis', names: -1, tombstones: -1, memoryBytes: 0 }
  }

  /** Ends the connection and a replay under way. May be called again. */
  async close(): Promise<void> {
    this.#gate = 'closed'
    this.#closing.abort()
    this.#connection.close()
    await this.#reopening
  }

  #synchronise(source: LocationSource): Promise<void> {
    const log = this.#log
    const parts = { connection: this.#connection, ledger: this.#ledger, codec: this.#codec, source, log }
    return synchronise(parts, () => {
      if (this.#gate === 'closed') return
      this.#gate = 'open'
      this.#opened++
    })
  }

  #shut(opened: number, error?: unknown): void {
    if (this.#gate !== 'open' || opened !== this.#opened) return
    this.#gate = 'shut'
    this.#log.warn({ err: error }, 'Redis lost, restarted or changed by others: lookups wait for a replay')
    this.#reopening ??= this.#reopen()
  }

  async #reopen(): Promise<void> {
    let said = ''
    while (this.#gate === 'shut' && this.#source !== undefined) {
      try {
        await this.#connection.connected()
        await this.#synchronise(this.#source)
        this.#log.info({}, 'Redis is in use again')
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        if (message !== said && !this.#closing.signal.aborted)
          this.#log.warn({ err: error }, 'Redis cannot be used yet')
        said = message
        await delay(retryMs, undefined, { signal: this.#closing.signal }).catch(() => undefined)
      }
    }
    this.#reopening = undefined
  }

  #notReady(): StoreError {
    return new StoreError('KEY_MAP_AWAY', 'The key map waits for Redis')
  }
}
