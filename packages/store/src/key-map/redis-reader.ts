// The key map in Redis as a process sees it that only looks at a directory, perhaps beside its daemon. Sends nothing
// that writes.
import { StoreError } from '../errors.js'
import type { RedisOptions } from '../options.js'
import { superblockBytes } from '../volume/superblock.js'
import type { KeyMap, KeyMapEntry, KeyMapStats, LocationSource } from './key-map.js'
import { checkCodec, checkEviction } from './redis-checks.js'
import { RedisCodec } from './redis-codec.js'
import { RedisConnection } from './redis-connection.js'
import { codecField, parseVolumeMarker } from './redis-marker.js'

export class RedisReader implements KeyMap {
  readonly exact = true
  readonly #connection: RedisConnection
  readonly #codec: RedisCodec
  #ready = false
  /** What this process can see: the directory as it was when it was opened. */
  #ends: ReadonlyMap<number, number> = new Map()

  constructor(options: RedisOptions & { storeId: string }) {
    this.#codec = new RedisCodec(options, options.storeId)
    this.#connection = new RedisConnection(options, () => undefined)
  }

  async load(source: LocationSource): Promise<void> {
    this.#ends = source.ends()
    await this.#connection.connected()
    await checkEviction(this.#connection)
    const sample = await this.#connection.run((redis) => redis.hget(this.#codec.markerKey, codecField))
    checkCodec(this.#connection, this.#codec, sample ?? undefined)
    this.#ready = true
  }

  /**
   * Throws KEY_MAP_AWAY when Redis lags behind this directory (start the store on it), or when the name was written
   * since this process opened it.
   */
  async find(name: Buffer): Promise<KeyMapEntry | undefined> {
    const volumeIds = [...this.#ends.keys()].map(String)
    const reply = await this.#connection.run((redis) =>
      redis
        .multi()
        .hmget(this.#codec.markerKey, codecField, ...volumeIds)
        .getBuffer(this.#codec.keyOf(name))
        .exec(),
    )
    const [fields, value] = (reply ?? []).map(([error, result]) => {
      if (error !== null) throw this.#connection.away(`does not answer: ${error.message}`, error)
      return result
    }) as [(string | null)[], Buffer | null]
    if (!this.#isCurrent(volumeIds, fields)) {
      throw this.#connection.away('does not know all of this directory; start the store on it once')
    }
    const entry = value === null ? undefined : this.#codec.decode(value)
    if (entry !== undefined && entry.offsetBytes >= (this.#ends.get(entry.volumeId) ?? 0)) {
      throw this.#connection.away(
        'knows a newer needle of this name than this process can see; open the store again',
      )
    }
    return entry
  }

  #isCurrent(volumeIds: readonly string[], [sample, ...fields]: readonly (string | null)[]): boolean {
    return (
      sample === this.#codec.sample &&
      volumeIds.every((volumeId, at) => {
        const endBytes = parseVolumeMarker(fields[at] ?? '')?.endBytes ?? superblockBytes
        return endBytes >= (this.#ends.get(Number(volumeId)) ?? 0)
      })
    )
  }

  publish(): Promise<void> {
    return Promise.reject(new StoreError('READ_ONLY', 'The store was opened to read only'))
  }

  ready(): boolean {
    return this.#ready
  }

  stats(): KeyMapStats {
    return { kind: 'redis', names: -1, tombstones: -1, memoryBytes: 0 }
  }

  close(): Promise<void> {
    this.#ready = false
    this.#connection.close()
    return Promise.resolve()
  }
}
