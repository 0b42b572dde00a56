// Starts programs that inherit nothing but their standard streams. The ZooKeeper client's socket is not closed on exec: a
// child that holds a copy of it makes the client spin and report a false expiry at its next disconnect.
import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  spawn,
  type SpawnOptions,
} from 'node:child_process'

const closeDescriptors = [
  'for each in /proc/self/fd/*; do',
  '  number=${each##*/}',
  '  if [ "$number" -gt 2 ]; then eval "exec $number>&-"; fi',
  'done',
]

// Standard input of both is a pipe that only this process holds open: it ends with this process, however that ends, and
// then the guard kills the whole group. The guard is a child of nobody, so that servers never wait for a stranger.
const guard = '( ( while read -r _; do :; done; kill -KILL 0 ) <&0 >/dev/null 2>&1 & )'

const closeThenRun = [...closeDescriptors, 'exec "$@"'].join('\n')
const guardThenRun = [...closeDescriptors, guard, 'exec "$@" </dev/null'].join('\n')

export function spawnClean(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  return spawn('bash', ['-c', closeThenRun, 'bash', program, ...args], options)
}

/**
 * As spawnClean(), in a process group of its own, which Ctrl-C in a terminal does not reach. The group is killed when
 * this process ends, even of SIGKILL, and when the child's `stdin` is ended. The program itself reads nothing.
 */
export function spawnGuarded(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string | undefined; readonly env?: NodeJS.ProcessEnv | undefined } = {},
): ChildProcessWithoutNullStreams {
  const child = spawn('bash', ['-c', guardThenRun, 'bash', program, ...args], {
    ...options,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => undefined)
  return child
}
