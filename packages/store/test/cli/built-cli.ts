// Builds the command line from source, away from dist/, and runs it as the processes that users run.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { afterAll, beforeAll, onTestFinished } from 'vitest'

const packageFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
/** Inside the package, so that the built files find its dependencies. */
const cacheFolder = join(packageFolder, 'node_modules', '.cache')
let folder = ''

/** To be called once at the top of a test file: builds before its tests, removes the build after them. */
export function useBuiltCli(): void {
  beforeAll(async () => {
    mkdirSync(cacheFolder, { recursive: true })
    folder = mkdtempSync(join(cacheFolder, 'cli-'))
    cpSync(join(packageFolder, 'bin'), join(folder, 'bin'), { recursive: true })
    cpSync(join(packageFolder, 'package.json'), join(folder, 'package.json'))
    await build({
      config: false,
      entry: { 'cli/main': join(packageFolder, 'src', 'cli', 'main.ts') },
      outDir: join(folder, 'dist'),
      format: ['esm'],
      target: 'node20',
      platform: 'node',
      splitting: true,
      dts: false,
      silent: true,
    })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
}

export interface CliResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  /** Without progress: whatever takes two seconds shows some, and on a busy machine anything may. */
  readonly stderr: string
}

/** A bar or a count on a line of its own, and the empty line behind the last one. */
const progress = /^(?:opening .*|[a-z]+ing) (?:\[[=-]*\] \d+ %.*|[\d.,]+(?: [KMGTP]?B)?)\n+/gm

/** A command under way. Killed when its test ends, if it still runs. */
export class RunningCli {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #ended: Promise<unknown[]>

  constructor(bin: string, args: readonly string[], options: SpawnOptions) {
    this.child = spawn(process.execPath, [join(folder, 'bin', `${bin}.cjs`), ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...options,
    })
    this.#ended = once(this.child, 'close')
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.child.stdin?.on('error', () => undefined)
    onTestFinished(async () => {
      if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
      await this.#ended
    })
  }

  get pid(): number {
    return this.child.pid as number
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  async ended(): Promise<CliResult> {
    const [code, signal] = (await this.#ended) as [number | null, NodeJS.Signals | null]
    return { code, signal, stdout: this.stdout, stderr: this.stderr.replace(progress, '') }
  }

  /** Waits until the output so far matches; rejects when the command ends without that. */
  async waitFor(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    while (true) {
      const match = pattern.exec(this[stream])
      if (match !== null) return match
      const more = once(this.child[stream] as NodeJS.ReadableStream, 'data')
      const ended = await Promise.race([more.then(() => false), this.#ended.then(() => true)])
      if (ended && pattern.exec(this[stream]) === null) {
        throw new Error(`${String(pattern)} never came.\n${this.stdout}\n${this.stderr}`)
      }
    }
  }
}

/** Starts a command without waiting for it. */
export function startCli(bin: string, args: readonly string[], options: SpawnOptions = {}): RunningCli {
  return new RunningCli(bin, args, options)
}

/** Runs `backpack` to its end. */
export function backpack(args: readonly string[], input?: string | Buffer): Promise<CliResult> {
  return runCli('backpack', args, input)
}

/** Runs any of the commands to its end, with `input` as its standard input. */
export function runCli(bin: string, args: readonly string[], input?: string | Buffer): Promise<CliResult> {
  const running = startCli(bin, args)
  running.child.stdin?.end(input)
  return running.ended()
}

/** A served directory that may use the whole disk unless `args` say otherwise; `url` ends with a slash. */
export async function startServe(directory: string, args: readonly string[] = []) {
  const reserve = args.includes('--reserve-bytes') ? [] : ['--reserve-bytes', '0']
  const running = startCli('backpack', ['serve', directory, '--port', '0', ...reserve, ...args])
  const [, url = ''] = await running.waitFor('stderr', /Serving .* at (http:\S+) /)
  return { running, url }
}
