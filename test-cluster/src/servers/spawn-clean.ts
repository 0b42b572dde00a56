// Starts a program that inherits nothing but its standard streams. The ZooKeeper client's socket is not closed on exec: a
// child that holds a copy of it makes the client spin and report a false expiry at its next disconnect.
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'

const closeThenRun = [
  'for each in /proc/self/fd/*; do',
  '  number=${each##*/}',
  '  if [ "$number" -gt 2 ]; then eval "exec $number>&-"; fi',
  'done 2>/dev/null',
  'exec "$@"',
].join('\n')

export function spawnClean(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  return spawn('bash', ['-c', closeThenRun, 'bash', program, ...args], options)
}
