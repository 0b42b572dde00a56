// The configuration as it is now. It is read again when the file changes, by timer, and when somebody says so; a
// configuration that came over HTTP holds those off for as long as it says. What is not accepted changes nothing.
import { dirname, resolve } from 'node:path'
import { codeOf, detailOf } from '../../error-codes.js'
import type { CoordinatorLog } from '../../options.js'
import { FileWatch } from './file-watch.js'
import { configError, type GatewayConfig, needsRestart, parseGatewayConfig } from './gateway-config.js'
import { readConfig, readConfigFile } from './read-config-file.js'
import { completeReplacement, replacementProblems } from './replace-config.js'

export interface Replaced {
  /** The file is left alone so long. */
  readonly heldMs: number
  /** Names whose new value only a start can bring. */
  readonly needRestart: readonly string[]
}

export class LiveConfig {
  /** Names in the file that mean nothing here, at the start. */
  readonly inert: readonly string[]
  readonly #file: string
  readonly #log: CoordinatorLog
  readonly #listeners = new Set<(config: GatewayConfig) => void>()
  readonly #watch: FileWatch
  #config: GatewayConfig
  /** What the file said when it was last accepted; undefined while the configuration is not from the file. */
  #text: string | undefined
  /** Problems that were logged already. */
  #refused: string | undefined
  #checkedAtMs = Date.now()
  #heldUntilMs = 0
  #timer: NodeJS.Timeout | undefined
  #last: Promise<unknown> = Promise.resolve()
  #waiting: Promise<void> | undefined
  #closed = false

  private constructor(
    file: string,
    { config, inert, text }: Awaited<ReturnType<typeof readConfigFile>>,
    log: CoordinatorLog,
  ) {
    this.#file = file
    this.#config = config
    this.#text = text
    this.#log = log
    this.inert = inert
    this.#watch = new FileWatch(() => void this.reread(), log)
    this.#lookAfter()
  }

  /** Throws INVALID_OPTIONS with every problem in the details, `problems`. */
  static async open(file: string, { log }: { readonly log: CoordinatorLog }): Promise<LiveConfig> {
    const path = resolve(file)
    const live = new LiveConfig(path, await readConfigFile(path), log)
    if (live.inert.length > 0)
      log.info({ names: live.inert }, 'these names of the configuration mean nothing here')
    return live
  }

  /** Frozen; another object after a change. */
  get config(): GatewayConfig {
    return this.#config
  }

  /** When the configuration was last found to be what the file says, in ms since 1970. */
  get checkedAtMs(): number {
    return this.#checkedAtMs
  }

  /** Calls `listener` after every change; what it returns ends that. */
  onChange(listener: (config: GatewayConfig) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Reads the file again, unless a configuration that came over HTTP holds it off. Never rejects: what is not accepted is
   * logged, once for the same problems, and the old configuration stays.
   */
  reread(): Promise<void> {
    // One that has not begun yet sees the same file.
    this.#waiting ??= this.#inTurn(async () => {
      this.#waiting = undefined
      await this.#reread()
      this.#lookAfter()
    })
    return this.#waiting
  }

  /**
   * Replaces the configuration with one that came over HTTP. Throws INVALID_OPTIONS with every problem, and changes
   * nothing then.
   */
  replace(value: unknown): Promise<Replaced> {
    return this.#inTurn(() => this.#replace(value))
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#watch.close()
    await this.#last
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #reread(): Promise<void> {
    if (this.#closed) return
    if (Date.now() < this.#heldUntilMs) {
      // What is in use is what was asked for.
      this.#checkedAtMs = Date.now()
      this.#log.info({}, 'the configuration file is not read: /update_local_config holds it off')
      return
    }
    try {
      const { config, text } = await readConfigFile(this.#file)
      this.#refused = undefined
      this.#checkedAtMs = Date.now()
      if (text !== this.#text || !hasToken(this.#config, config)) {
        this.#text = text
        this.#apply(config)
      }
    } catch (error) {
      this.#refuse(error)
    }
  }

  async #replace(value: unknown): Promise<Replaced> {
    const folder = dirname(this.#file)
    const completed = completeReplacement(value, this.#config)
    // Before the files are opened, so that the answer tells nothing of other files.
    const problems = replacementProblems(parseGatewayConfig(completed, folder).config, this.#config)
    if (problems.length > 0) throw configError(problems)
    const { config } = await readConfig(completed, folder)
    this.#text = undefined
    this.#heldUntilMs = Date.now() + config.disableConfigUpdateMs
    this.#checkedAtMs = Date.now()
    const needRestart = this.#apply(config)
    this.#lookAfter()
    return { heldMs: config.disableConfigUpdateMs, needRestart }
  }

  #apply(next: GatewayConfig): string[] {
    const restart = needsRestart(this.#config, next)
    if (restart.length > 0) {
      this.#log.warn({ names: restart }, 'the configuration changed addresses: they are used after a restart')
    }
    this.#config = restart.length === 0 ? next : withAddressesOf(this.#config, next)
    this.#log.info({}, 'the configuration was changed')
    for (const listener of this.#listeners) listener(this.#config)
    return restart
  }

  #refuse(error: unknown): void {
    const problems =
      codeOf(error) === 'INVALID_OPTIONS' ? detailOf(error, 'problems') : [(error as Error).message]
    const text = JSON.stringify(problems)
    if (text === this.#refused) return
    this.#refused = text
    this.#log.error({ problems }, 'the configuration file is not accepted; what was read before stays in use')
  }

  #lookAfter(): void {
    if (this.#closed) return
    const { redirectTokenFile, bucketUpdateIntervalMs } = this.#config
    this.#watch.watch([this.#file, ...(redirectTokenFile === undefined ? [] : [redirectTokenFile])])
    clearTimeout(this.#timer)
    const heldMs = this.#heldUntilMs - Date.now()
    // The file has its say again as soon as it may.
    const waitMs = heldMs > 0 ? Math.min(heldMs + 1, bucketUpdateIntervalMs) : bucketUpdateIntervalMs
    this.#timer = setTimeout(() => void this.reread(), waitMs).unref()
  }
}

function hasToken(one: GatewayConfig, other: GatewayConfig): boolean {
  return one.redirectToken?.reveal() === other.redirectToken?.reveal()
}

function withAddressesOf(current: GatewayConfig, next: GatewayConfig): GatewayConfig {
  const { address, httpsAddress, certFile, keyFile } = current
  const certificate = next.httpsAddress === undefined ? { certFile, keyFile } : {}
  return Object.freeze({ ...next, ...certificate, address, httpsAddress })
}
