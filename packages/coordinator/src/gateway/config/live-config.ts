// The configuration as it is now. It is read again when the file changes, by timer, and when somebody says so; a
// configuration that came over HTTP holds those off for as long as it says. What is not accepted changes nothing.
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { CoordinatorLog } from '../../options.js'
import { FileWatch } from './file-watch.js'
import { changedAddresses, configProblems, type GatewayConfig } from './gateway-config.js'
import { pathsIn } from './named-files.js'
import { readConfig, readConfigFile } from './read-config-file.js'
import { completeReplacement, pathsInUse } from './replace-config.js'

export interface Replaced {
  /** The file has no say for so long; 0: it has as soon as it changes. */
  readonly heldMs: number
  /** The file is read again after so long at the latest, and takes its place back. */
  readonly fileReadInMs: number
  /** Names of addresses that are not the present ones: those come from the file. */
  readonly ignored: readonly string[]
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
    const live = new LiveConfig(path, await readConfigFile(path, { addressNeeded: true }), log)
    if (live.inert.length > 0)
      log.info({ names: live.inert }, 'these names of the configuration mean nothing here')
    await live.#lookForRoot()
    return live
  }

  /** Frozen; another object after a change. */
  get config(): GatewayConfig {
    return this.#config
  }

  /** When the file was last found good, in ms since 1970; also while it is held off. */
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
    try {
      const { config, text } = await readConfigFile(this.#file)
      this.#refused = undefined
      this.#checkedAtMs = Date.now()
      if (Date.now() < this.#heldUntilMs) {
        this.#log.info({}, 'the configuration file is not used: /update_local_config holds it off')
        return
      }
      if (text !== this.#text || !hasToken(this.#config, config)) {
        this.#text = text
        const rootBefore = this.#config.root
        const names = this.#apply(config)
        if (names.length > 0)
          this.#log.warn({ names }, 'the configuration changed addresses: they are used after a restart')
        if (config.root !== rootBefore) await this.#lookForRoot()
      }
    } catch (error) {
      this.#refuse(error)
    }
  }

  async #replace(value: unknown): Promise<Replaced> {
    const folder = dirname(this.#file)
    const completed = completeReplacement(value, this.#config)
    // No other file is opened, so that the answer tells nothing of it.
    const known = pathsInUse(pathsIn(completed, folder), this.#config)
    const { config } = await readConfig(completed, { ...known, folder, addressNeeded: false })
    const { disableConfigUpdateMs: heldMs, bucketUpdateIntervalMs } = config
    this.#text = undefined
    this.#heldUntilMs = Date.now() + heldMs
    const ignored = this.#apply(config)
    this.#lookAfter()
    return { heldMs, fileReadInMs: heldMs > 0 ? heldMs : bucketUpdateIntervalMs, ignored }
  }

  /** All but the addresses: gives the names of those that changed. */
  #apply(next: GatewayConfig): string[] {
    const changed = changedAddresses(this.#config, next)
    this.#config = changed.length === 0 ? next : withAddressesOf(this.#config, next)
    this.#log.info({}, 'the configuration was changed')
    for (const listener of this.#listeners) listener(this.#config)
    return changed
  }

  /** It may come later: until then its files are 404. */
  async #lookForRoot(): Promise<void> {
    const { root } = this.#config
    if (root === undefined) return
    const isFolder = await stat(root).then(
      (found) => found.isDirectory(),
      () => false,
    )
    if (!isFolder) this.#log.warn({ root }, 'the root of the static files is no folder: all of them are 404')
  }

  #refuse(error: unknown): void {
    const problems = configProblems(error)
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
