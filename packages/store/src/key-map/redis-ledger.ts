// What a process that owns the map does to Redis. Every write carries the token that this process set last and,
// where it moves the marker, sets a new one; so a lookup that comes back with the expected token saw everything that
// was published.
import { randomBytes } from 'node:crypto'
import type { KeyMapEntry } from './key-map.js'
import { registryKey, type RedisCodec } from './redis-codec.js'
import type { RedisConnection } from './redis-connection.js'
import { formatVolumeMarker, type Marker, parseMarker, type VolumeMarker } from './redis-marker.js'

/** Keys that one script or command names at most, so that none holds Redis up for long. */
export const keysPerCommandMax = 500
/** No location is longer, so nothing that is may be taken for one. */
const valueBytesMax = 256

export interface Binding {
  readonly name: Buffer
  readonly entry: KeyMapEntry
}

export interface FoundKey {
  readonly key: Buffer
  readonly value: Buffer
  readonly entry: KeyMapEntry
}

export class RedisLedger {
  readonly #connection: RedisConnection
  readonly #codec: RedisCodec
  readonly #storeId: string
  readonly #process = randomBytes(8).toString('hex')
  #count = 0
  #token = ''

  constructor(connection: RedisConnection, codec: RedisCodec, storeId: string) {
    this.#connection = connection
    this.#codec = codec
    this.#storeId = storeId
  }

  /**
   * Takes the map over: from now on nothing that was sent under an older token has any effect. Throws KEY_MAP_AWAY,
   * or KEY_MAP_REFUSED when the keys are another store's.
   */
  async claim(): Promise<Marker> {
    const { markerKey, tokenKey, filesKey, prefix } = this.#codec
    const token = this.#nextToken()
    const keys = [registryKey, tokenKey, markerKey, filesKey]
    const reply = await this.#connection.runScript('claim', keys, [this.#storeId, prefix, token])
    const [outcome, ...details] = reply as [string, ...unknown[]]
    if (outcome === '2013') {
      throw this.#connection.refused(
        `holds the files of a 2013 store under ${JSON.stringify(filesKey)}; use --redis-prefix or another database`,
      )
    }
    if (outcome === 'taken') {
      const [otherId, otherPrefix] = details as [string, string]
      throw this.#connection.refused(
        `holds another store's keys: store ${otherId} has the prefix ${JSON.stringify(otherPrefix)}. Use ` +
          '--redis-prefix or another database; if that store is no more, empty the database',
      )
    }
    this.#token = token
    return parseMarker(details[0] as string[])
  }

  /** The location of a name, and whether this is the Redis that everything was published to. Throws KEY_MAP_AWAY. */
  async find(name: Buffer): Promise<{ entry: KeyMapEntry | undefined; current: boolean }> {
    const expected = this.#token
    const key = this.#codec.keyOf(name)
    const [value, token] = await this.#connection.run((redis) => redis.mgetBuffer(key, this.#codec.tokenKey))
    return {
      entry: value ? this.#codec.decode(value) : undefined,
      current: token?.toString('latin1') === expected,
    }
  }

  /**
   * Sends the bindings and then the marker of their volume, all in the order of the calls and before it returns.
   * Throws KEY_MAP_AWAY when Redis did not take them.
   */
  publish(bindings: readonly Binding[], volumeId: number, marker: VolumeMarker): Promise<void> {
    const { tokenKey, markerKey } = this.#codec
    const nextToken = this.#nextToken()
    const keys = bindings.map(({ name }) => this.#codec.keyOf(name))
    const values = bindings.map(({ entry }) => this.#codec.encodeValue(entry))
    const markerArguments = [String(volumeId), formatVolumeMarker(marker)]
    const sent: Promise<unknown>[] = []
    for (let at = 0; at === 0 || at < keys.length; at += keysPerCommandMax) {
      const isLast = at + keysPerCommandMax >= keys.length
      sent.push(
        this.#connection.runScript(
          'publish',
          [tokenKey, markerKey, ...keys.slice(at, at + keysPerCommandMax)],
          [
            this.#token,
            isLast ? nextToken : '',
            ...markerArguments,
            ...values.slice(at, at + keysPerCommandMax),
          ],
        ),
      )
    }
    this.#token = nextToken
    return this.#allTaken(sent)
  }

  /** Forgets how far Redis is, or (`filling`) notes that it is ready to be filled from the beginning. */
  async resetMarker({ filling }: { filling: boolean }): Promise<void> {
    const { tokenKey, markerKey, sample } = this.#codec
    const args = [this.#token, filling ? sample : '']
    await this.#allTaken([this.#connection.runScript('resetMarker', [tokenKey, markerKey], args)])
  }

  /** The present locations of names; at most keysPerCommandMax of them. */
  async findMany(names: readonly Buffer[]): Promise<(KeyMapEntry | undefined)[]> {
    const keys = names.map((name) => this.#codec.keyOf(name))
    const values = await this.#connection.run((redis) => redis.mgetBuffer(keys))
    return values.map((value) => (value ? this.#codec.decode(value) : undefined))
  }

  /** Every key below the prefix whose value could be a location, in pages; bookkeeping and other types left out. */
  async *locations(): AsyncGenerator<readonly FoundKey[], void, undefined> {
    let cursor = '0'
    do {
      const [next, scanned] = await this.#connection.run((redis) =>
        redis.scanBuffer(cursor, 'MATCH', this.#codec.pattern, 'COUNT', keysPerCommandMax),
      )
      cursor = next.toString('latin1')
      for (let at = 0; at < scanned.length; at += keysPerCommandMax) {
        const keys = scanned.slice(at, at + keysPerCommandMax).filter((key) => !this.#codec.isOwn(key))
        if (keys.length > 0) yield await this.#readLocations(keys)
      }
    } while (cursor !== '0')
  }

  async #readLocations(keys: readonly Buffer[]): Promise<readonly FoundKey[]> {
    const values = await this.#connection.runScriptForBytes('peek', keys, [String(valueBytesMax)])
    return keys.flatMap((key, at) => {
      const value = values[at]
      if (!value || value.length === 0 || value.length === valueBytesMax) return []
      const entry = this.#codec.decode(value)
      return entry === undefined ? [] : [{ key, value, entry }]
    })
  }

  /** Deletes keys that still have the values that were found. */
  async forget(found: readonly FoundKey[]): Promise<void> {
    if (found.length === 0) return
    const keys = [this.#codec.tokenKey, ...found.map(({ key }) => key)]
    const args = [this.#token, ...found.map(({ value }) => value)]
    await this.#allTaken([this.#connection.runScript('forget', keys, args)])
  }

  async #allTaken(sent: readonly Promise<unknown>[]): Promise<void> {
    const replies = await Promise.all(sent)
    if (replies.some((reply) => reply !== 1)) throw this.#connection.away('is not as this process left it')
  }

  #nextToken(): string {
    return `${this.#process}.${++this.#count}`
  }
}
