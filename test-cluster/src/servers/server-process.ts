// A server as a child process: its output kept for error messages, ended by its own pid only, and with its owner.
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { spawnGuarded } from './spawn-clean.js'
import { until } from './until.js'

const outputCharactersMax = 64 * 1024
/** A machine with other work may take long. */
const startMs = 60_000
const stopMs = 15_000

export interface ServerProcessOptions {
  readonly cwd?: string | undefined
  readonly env?: NodeJS.ProcessEnv | undefined
  /** A file that gets everything it prints, behind what is there. */
  readonly logPath?: string | undefined
}

export class ServerProcess {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #ended: Promise<void>
  #output = ''

  constructor(program: string, args: readonly string[], { logPath, ...options }: ServerProcessOptions = {}) {
    this.#child = spawnGuarded(program, args, options)
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', () => resolve())
      this.#child.once('error', (error) => {
        this.#output += String(error)
        resolve()
      })
    })
    // What it started ends with it: workers of nginx would outlive a killed master.
    this.#child.once('exit', () => this.#child.stdin.end())
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-outputCharactersMax)
        if (logPath !== undefined) appendFileSync(logPath, text)
      })
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  get exitCode(): number | null {
    return this.#child.exitCode
  }

  /** The last of what it printed, both streams. */
  get output(): string {
    return this.#output
  }

  /** Resolves once its output matches; rejects when it ends without that, or after `limitMs`. */
  async printed(pattern: RegExp, limitMs = 20_000): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(limitMs)
    while (true) {
      const match = pattern.exec(this.#output)
      if (match !== null) return match
      const streams = [this.#child.stdout, this.#child.stderr]
      const stop = new AbortController()
      const signal = AbortSignal.any([deadline, stop.signal])
      const more = streams.map((each) => once(each, 'data', { signal }).then(() => 'more' as const))
      const next = await Promise.race([...more, this.#ended.then(() => 'ended' as const)]).catch(
        () => 'late' as const,
      )
      stop.abort()
      await Promise.allSettled(more)
      if (next === 'more' || pattern.test(this.#output)) continue
      throw new Error(`${String(pattern)} was not printed: ${next}.\n${this.#output}`)
    }
  }

  /** Resolves once `answers` is true; rejects, with its output, as soon as it ends and after `limitMs`. */
  async serves(what: string, answers: () => Promise<boolean>, limitMs = startMs): Promise<void> {
    try {
      await until(async () => !this.running || (await answers()), `${what} serves`, limitMs)
    } catch (cause) {
      throw new Error(`${what} does not serve:\n${this.#output}`, { cause })
    }
    if (this.running) return
    await this.#ended
    throw new Error(`${what} ended:\n${this.#output}`)
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (this.running) this.#child.kill(signal)
  }

  /** Resolves once it has ended. */
  ended(): Promise<void> {
    return this.#ended
  }

  /** SIGTERM, and SIGKILL when that does not end it. */
  async stop(): Promise<void> {
    this.kill('SIGTERM')
    const timer = setTimeout(() => this.kill('SIGKILL'), stopMs)
    await this.#ended
    clearTimeout(timer)
  }
}
