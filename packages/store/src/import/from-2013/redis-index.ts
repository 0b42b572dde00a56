// The index of a 2013 store in its Redis, which is only ever read.
import { Redis } from 'ioredis'
import { StoreError } from '../../errors.js'
import type { Blob2013 } from './finding-2013.js'
import { type Location2013, parseLocation } from './names-2013.js'

const commandTimeoutMs = 10_000
const connectTimeoutMs = 5_000
const keysPerScan = 1_000
const filesKey = 'files'
/** Keys of the 2013 store that are no names. */
const ownKeys = new Set([filesKey, 'files_counter'])

export interface IndexEntry2013 {
  /** The raw name: the key. */
  readonly raw: Buffer
  /** Undefined when the value is none: a key of somebody else, or written by serialisers of its own. */
  readonly location: Location2013 | undefined
}

export class RedisIndex2013 {
  readonly #redis: Redis
  readonly #address: string

  private constructor(redis: Redis, address: string) {
    this.#redis = redis
    this.#address = address
  }

  /** Throws KEY_MAP_AWAY, and IMPORT_INVALID when this Redis knows no data files of a 2013 store. */
  static async open({ host, port }: { host: string; port: number }): Promise<RedisIndex2013> {
    const address = `${host}:${port}`
    const redis = new Redis({
      host,
      port,
      lazyConnect: true,
      connectTimeout: connectTimeoutMs,
      commandTimeout: commandTimeoutMs,
      maxRetriesPerRequest: 1,
      retryStrategy: () => null,
    })
    // What fails is told by the command that fails with it.
    redis.on('error', () => undefined)
    const index = new RedisIndex2013(redis, address)
    try {
      const files = await index.#ask(() => redis.hgetall(filesKey))
      if (Object.keys(files).length > 0) return index
    } catch (error) {
      redis.disconnect()
      throw error
    }
    redis.disconnect()
    throw new StoreError(
      'IMPORT_INVALID',
      `Redis at ${address} has no hash "files": it is not that of a 2013 store`,
    )
  }

  /** How many keys there are. */
  size(): Promise<number> {
    return this.#ask(() => this.#redis.dbsize())
  }

  /** Every name and where its blob stands; a name may come twice. `match` is a pattern of Redis. */
  async *entries(match = '*'): AsyncGenerator<IndexEntry2013, void, undefined> {
    let cursor = '0'
    do {
      const [next, found] = await this.#ask(() =>
        this.#redis.scanBuffer(cursor, 'MATCH', match, 'COUNT', keysPerScan),
      )
      cursor = next.toString()
      const keys = found.filter((key) => !ownKeys.has(key.toString('latin1')))
      const values = await this.#values(keys)
      for (const [index, raw] of keys.entries()) {
        const value = values[index]
        // Deleted meanwhile, or no string.
        if (value === undefined || value === null) continue
        yield { raw, location: parseLocation(value.toString('latin1')) }
      }
    } while (cursor !== '0')
  }

  /** The blob of one raw name. */
  async find(raw: Buffer): Promise<Blob2013 | undefined> {
    const [value] = await this.#values([raw])
    const location =
      value === undefined || value === null ? undefined : parseLocation(value.toString('latin1'))
    return location === undefined ? undefined : { raw, location }
  }

  async #values(keys: readonly Buffer[]): Promise<(Buffer | null)[]> {
    return keys.length === 0 ? [] : this.#ask(() => this.#redis.mgetBuffer([...keys]))
  }

  async #ask<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command()
    } catch (cause) {
      throw new StoreError('KEY_MAP_AWAY', `Redis at ${this.#address} does not answer as it should`, {
        cause,
      })
    }
  }

  close(): void {
    this.#redis.disconnect()
  }
}
