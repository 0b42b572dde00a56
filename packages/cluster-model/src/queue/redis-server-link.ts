// One Redis of the queue, and the one file of the queue that imports the client. Nothing waits long for it: a command is
// answered, or fails within the command timeout, and from then on the server is passed over until it answers again.
import { createHash } from 'node:crypto'
import { Redis, ReplyError } from 'ioredis'
import { ClusterError } from '../errors.js'
import { type HostAndPort, showAddress } from '../schema/addresses.js'
import { type ScriptName, scriptText } from './redis-scripts.js'

const firstRetryMs = 50
const lingerMs = 200

export interface RedisServerLinkOptions {
  readonly key: string
  readonly commandTimeoutMs: number
  /** So long a server that failed is left alone before it is tried again, behind the scenes. */
  readonly silentMs: number
}

export type ScriptArgument = string | number

const hashes = new Map<ScriptName, string>()

export class RedisServerLink {
  readonly name: string
  readonly #options: RedisServerLinkOptions
  readonly #redis: Redis
  #state: 'opening' | 'up' | 'silent' | 'closed' = 'opening'
  /** Resolves when it is no longer opening. */
  #opened: Promise<void> = Promise.resolve()
  #endOpening: () => void = () => {}
  #passOverUntilMs = 0
  #lastError: unknown

  /** Connects by itself, again and again. */
  constructor(address: HostAndPort, options: RedisServerLinkOptions) {
    const { commandTimeoutMs, silentMs } = options
    this.name = showAddress(address)
    this.#options = options
    this.#redis = new Redis({
      host: address.host,
      port: address.port,
      lazyConnect: true,
      connectTimeout: commandTimeoutMs,
      commandTimeout: commandTimeoutMs,
      disconnectTimeout: lingerMs,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      disableClientInfo: true,
      retryStrategy: (times) => (times === 1 ? firstRetryMs : silentMs),
    })
    this.#redis.on('error', (error: unknown) => {
      this.#lastError = error
    })
    this.#redis.on('ready', () => this.#turn('up'))
    // The first attempt after a connection that worked is waited for; after that it is away.
    this.#redis.on('close', () => this.#turn(this.#state === 'up' ? 'opening' : 'silent'))
    this.#turn('opening')
    this.#redis.connect().catch(() => undefined)
  }

  /** Whether a command would be tried. */
  get isUsable(): boolean {
    if (performance.now() < this.#passOverUntilMs) return false
    return this.#state === 'up' || this.#state === 'opening'
  }

  /** What the script gives. Throws QUEUE_AWAY: at once while the server is passed over, else within the command timeout. */
  async run(script: ScriptName, args: readonly ScriptArgument[]): Promise<unknown> {
    if (this.#state === 'opening') await this.#opened
    if (this.#state !== 'up' || !this.isUsable) throw this.#away(this.#lastError)
    try {
      return await this.#evaluate(script, args)
    } catch (error) {
      this.#passOver(error)
      throw this.#away(error)
    }
  }

  /** Idempotent; commands under way fail. */
  close(): void {
    this.#turn('closed')
    this.#redis.disconnect()
  }

  async #evaluate(script: ScriptName, args: readonly ScriptArgument[]): Promise<unknown> {
    const { key } = this.#options
    try {
      return await this.#redis.evalsha(hashOf(script), 1, key, ...args)
    } catch (error) {
      if (!isReplyError(error) || !error.message.startsWith('NOSCRIPT')) throw error
      return await this.#redis.eval(scriptText(script), 1, key, ...args)
    }
  }

  #passOver(error: unknown): void {
    this.#lastError = error
    if (isReplyError(error)) {
      // It answers, but cannot serve now: it is loading, busy, full, or a replica.
      this.#passOverUntilMs = performance.now() + this.#options.silentMs
    } else if (this.#state === 'up') {
      this.#turn('silent')
      this.#redis.disconnect(true)
    }
  }

  #turn(state: 'opening' | 'up' | 'silent' | 'closed'): void {
    if (this.#state === 'closed') return
    this.#state = state
    this.#endOpening()
    if (state !== 'opening') return
    this.#opened = new Promise((resolve) => {
      const timer = setTimeout(() => this.#turn('silent'), this.#options.commandTimeoutMs)
      this.#endOpening = () => {
        clearTimeout(timer)
        this.#endOpening = () => {}
        resolve()
      }
    })
  }

  #away(cause: unknown): ClusterError {
    const why = cause instanceof Error && cause.message !== '' ? `: ${cause.message}` : ''
    return new ClusterError('QUEUE_AWAY', `Redis at ${this.name} does not answer${why}`, { cause })
  }
}

function hashOf(script: ScriptName): string {
  const known = hashes.get(script)
  if (known !== undefined) return known
  const hash = createHash('sha1').update(scriptText(script)).digest('hex')
  hashes.set(script, hash)
  return hash
}

function isReplyError(error: unknown): error is Error {
  return error instanceof (ReplyError as new () => Error)
}
