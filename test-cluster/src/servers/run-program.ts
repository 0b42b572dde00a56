import { once } from 'node:events'
import { spawnGuarded } from './spawn-clean.js'

const outputCharactersMax = 4 * 1024 * 1024

export interface ProgramResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, which comes after `limitMs` and with `signal` at the latest: then it is killed, and this rejects. */
export async function runProgram(
  program: string,
  args: readonly string[],
  {
    limitMs = 60_000,
    signal,
    ...options
  }: {
    readonly limitMs?: number
    readonly signal?: AbortSignal | undefined
    readonly cwd?: string
    readonly env?: NodeJS.ProcessEnv
  } = {},
): Promise<ProgramResult> {
  signal?.throwIfAborted()
  const child = spawnGuarded(program, args, options)
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] = (printed[name] + text).slice(-outputCharactersMax)
    })
  }
  const late = AbortSignal.timeout(limitMs)
  const stop = signal === undefined ? late : AbortSignal.any([late, signal])
  const kill = () => child.kill('SIGKILL')
  stop.addEventListener('abort', kill)
  child.once('exit', () => child.stdin.end())
  try {
    const [exitCode] = (await once(child, 'close')) as [number | null]
    stop.throwIfAborted()
    return { exitCode, ...printed }
  } finally {
    stop.removeEventListener('abort', kill)
  }
}
