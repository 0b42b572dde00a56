// A store, coordinator or replicator as a process of its own, started the way a user starts it.
import { get } from 'node:http'
import { ServerProcess } from '../servers/server-process.js'
import type { ClusterMember } from './cluster-member.js'

const answerMs = 2_000

export interface DaemonSettings {
  readonly name: string
  readonly port: number
  /** What it keeps: a store's data, a coordinator's spool. */
  readonly directory: string
  /** The file to run, and its arguments. */
  readonly command: readonly [string, ...string[]]
  readonly env: NodeJS.ProcessEnv
  /** What answer 200 once it serves. */
  readonly readyUrls: readonly string[]
  readonly logPath: string | undefined
}

export class Daemon implements ClusterMember {
  readonly #settings: DaemonSettings
  #process: ServerProcess | undefined

  constructor(settings: DaemonSettings) {
    this.#settings = settings
  }

  get name(): string {
    return this.#settings.name
  }

  get directory(): string {
    return this.#settings.directory
  }

  get port(): number {
    return this.#settings.port
  }

  /** Without a trailing slash. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get address(): string {
    return this.url
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  get running(): boolean {
    return this.#process?.running === true
  }

  /** The last of what it printed since its last start. */
  get output(): string {
    return this.#process?.output ?? ''
  }

  /** Resolves once its output since its last start matches; rejects when it ends without that, or after a while. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    if (this.#process === undefined) throw new TypeError(`${this.name} was never started`)
    return this.#process.printed(pattern)
  }

  /** Also the first start. Rejects with what it printed when it does not come to serve. */
  async restart(): Promise<void> {
    await this.kill()
    const { name, command, env, logPath, readyUrls } = this.#settings
    this.#process = new ServerProcess(process.execPath, command, { env, logPath })
    await this.#process.serves(name, async () => (await Promise.all(readyUrls.map(answers))).every(Boolean))
  }

  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL')
    await this.#process?.ended()
  }

  /** SIGTERM: it finishes what is under way. Resolves once it has ended. */
  async stop(): Promise<void> {
    await this.#process?.stop()
  }

  /** Stops it without ending it: connections stay, nothing is answered. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: answerMs }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false))
  })
}
