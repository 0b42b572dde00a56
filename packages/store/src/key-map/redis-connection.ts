// The one file that imports the Redis client. A connection that never queues: a command is answered, or rejected
// within the command timeout, and is never sent again behind the caller's back.
import { createHash } from 'node:crypto'
import { Redis, ReplyError } from 'ioredis'
import { StoreError } from '../errors.js'
import type { RedisOptions } from '../options.js'
import { type ScriptName, scripts } from './redis-scripts.js'

const retryMsMax = 500
const lingerMs = 200

type Argument = string | Buffer

const scriptHashes = new Map(
  Object.entries(scripts).map(([name, lua]) => [name, createHash('sha1').update(lua).digest('hex')]),
)

export class RedisConnection {
  readonly #redis: Redis
  readonly #where: string
  readonly #commandTimeoutMs: number
  #waiting: ((error?: StoreError) => void) | undefined
  #lastError: unknown
  #dropping = false
  #closed = false

  /** Connects by itself, again and again; `onLost` is called whenever a connection ends. */
  constructor(options: RedisOptions, onLost: (error: StoreError) => void) {
    const { host, port, db, commandTimeoutMs } = options
    this.#where = `Redis at ${host}:${port}`
    this.#commandTimeoutMs = commandTimeoutMs
    this.#redis = new Redis({
      host,
      port,
      db,
      lazyConnect: true,
      connectTimeout: commandTimeoutMs,
      commandTimeout: commandTimeoutMs,
      disconnectTimeout: lingerMs,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      disableClientInfo: true,
      retryStrategy: (times) => Math.min(times * 50, retryMsMax),
    })
    this.#redis.on('error', (error: unknown) => {
      this.#lastError = error
      const failure = this.#failure(error)
      if (failure.code === 'KEY_MAP_REFUSED') this.#waiting?.(failure)
    })
    this.#redis.on('ready', () => {
      this.#lastError = undefined
      this.#waiting?.()
    })
    this.#redis.on('close', () => {
      this.#dropping = false
      onLost(this.#away(this.#lastError))
    })
  }

  /** Resolves once commands would be answered. Throws KEY_MAP_AWAY after the command timeout, KEY_MAP_REFUSED. */
  async connected(): Promise<void> {
    if (this.#redis.status === 'wait') this.#redis.connect().catch(() => undefined)
    if (this.#redis.status === 'ready' && !this.#dropping) return
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => this.#waiting?.(this.#failure(this.#lastError)), this.#commandTimeoutMs)
      this.#waiting = (error) => {
        clearTimeout(timer)
        this.#waiting = undefined
        if (error === undefined) resolve()
        else reject(error)
      }
      if (this.#closed) this.#waiting(this.#away())
    })
  }

  /** Makes the scripts known to this Redis. Throws as run(). */
  async loadScripts(): Promise<void> {
    await this.run((redis) => Promise.all(Object.values(scripts).map((lua) => redis.script('LOAD', lua))))
  }

  /** Runs a script that loadScripts() loaded; what it gives is made of strings and numbers. Throws as run(). */
  runScript(name: ScriptName, keys: readonly Argument[], args: readonly Argument[]): Promise<unknown> {
    const hash = scriptHashes.get(name) as string
    return this.run((redis) => redis.evalsha(hash, keys.length, ...keys, ...args))
  }

  /** As runScript, for one that gives a list of bytes. */
  async runScriptForBytes(
    name: ScriptName,
    keys: readonly Argument[],
    args: readonly Argument[],
  ): Promise<readonly (Buffer | null)[]> {
    const hash = scriptHashes.get(name) as string
    const reply = await this.run((redis) =>
      redis.callBuffer('EVALSHA', hash, String(keys.length), ...keys, ...args),
    )
    return reply as (Buffer | null)[]
  }

  /**
   * Sends commands at once, in the order of the calls. Throws KEY_MAP_AWAY (the connection is then dropped unless
   * Redis itself answered with an error), or KEY_MAP_REFUSED when Redis says that it will never do this.
   */
  async run<T>(send: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await send(this.#redis)
    } catch (error) {
      if (!isReplyError(error)) this.#drop()
      throw this.#failure(error)
    }
  }

  #drop(): void {
    if (this.#dropping || this.#closed || this.#redis.status !== 'ready') return
    this.#dropping = true
    this.#redis.disconnect(true)
  }

  #failure(error: unknown): StoreError {
    const code = isReplyError(error) ? error.message.split(' ', 1)[0] : undefined
    if (code === 'READONLY')
      return this.refused('is a read-only replica; give the address of its primary', error)
    if (code === 'NOAUTH' || code === 'NOPERM' || code === 'WRONGPASS') {
      return this.refused('does not let this client in, or not do what it needs', error)
    }
    return this.#away(error)
  }

  #away(cause?: unknown): StoreError {
    const why = cause instanceof Error && cause.message !== '' ? `: ${cause.message}` : ''
    return this.away(`does not answer${why}`, cause)
  }

  away(why: string, cause?: unknown): StoreError {
    return new StoreError('KEY_MAP_AWAY', `${this.#where} ${why}`, { cause })
  }

  refused(why: string, cause?: unknown): StoreError {
    return new StoreError('KEY_MAP_REFUSED', `${this.#where} ${why}`, { cause })
  }

  /** Ends the connection; commands under way are rejected. May be called again. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#redis.disconnect()
    this.#waiting?.(this.#away())
  }
}

function isReplyError(error: unknown): error is Error {
  return error instanceof (ReplyError as new () => Error)
}
