// Runs a program to its end. It inherits nothing but its standard streams: the ZooKeeper client's socket is not closed on
// exec, and a child that keeps it open disturbs the client at its next disconnect.
import { spawn } from 'node:child_process'

const outputCharactersMax = 16 * 1024
/** After its end, for what it printed last. */
const lastOutputMs = 500
/** What a shell says of a program that is not there. */
const notFoundCode = 127
/** Where Debian has nginx, which is not in everybody's path. */
const searchPath = `${process.env['PATH'] ?? ''}:/usr/sbin`
/** Descriptors from 3 on are closed; those that bash keeps for itself are none of ours. */
const closeThenRun = [
  'for each in /proc/self/fd/*; do',
  '  number=${each##*/}',
  '  if [ "$number" -gt 2 ]; then eval "exec $number>&-"; fi',
  'done',
  'exec "$@"',
].join('\n')

export interface ProgramResult {
  /** Null when it was ended by a signal, such as after `limitMs`. */
  readonly exitCode: number | null
  /** The last of what it printed, both streams, without the final line break. */
  readonly output: string
}

/** Undefined when there is no such program. Ended by SIGKILL after `limitMs`. */
export function runProgram(
  [program, ...args]: readonly [string, ...string[]],
  { limitMs }: { limitMs: number },
): Promise<ProgramResult | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', closeThenRun, 'bash', program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: searchPath },
      timeout: limitMs,
      killSignal: 'SIGKILL',
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-outputCharactersMax)
      })
    }
    child.on('error', reject)
    const finish = (exitCode: number | null) => {
      child.stdout.destroy()
      child.stderr.destroy()
      resolve(exitCode === notFoundCode ? undefined : { exitCode, output: output.trimEnd() })
    }
    child.on('close', finish)
    // What it left running in the background may keep its streams open for ever.
    child.on('exit', (exitCode) => setTimeout(() => finish(exitCode), lastOutputMs).unref())
  })
}
