// What the files in bin/ call.
import { type CommandOf2013, runCommandOf2013 } from '@backpack/command-line'
import { packageVersion } from '../package-version.js'
import { addServerCommand } from './commands-2013/add-server.js'
import { addShardCommand } from './commands-2013/add-shard.js'
import { dumpShardsCommand } from './commands-2013/dump-shards.js'
import { disableShardCommand, enableShardCommand } from './commands-2013/enable-shard.js'
import { initCommand } from './commands-2013/init.js'
import { printStatsCommand } from './commands-2013/print-stats.js'
import { setQueueCommand } from './commands-2013/set-queue.js'

const commands = {
  init: initCommand,
  'add-server': addServerCommand,
  'add-shard': addShardCommand,
  'enable-shard': enableShardCommand,
  'disable-shard': disableShardCommand,
  'dump-shards': dumpShardsCommand,
  'print-stats': printStatsCommand,
  'set-queue': setQueueCommand,
} as const satisfies Record<string, CommandOf2013>

/** Runs one of the admin commands, `backpack-coordinator-<name>`, and sets the exit code. */
export function runCommand2013(name: keyof typeof commands, argv: readonly string[]): Promise<void> {
  return runCommandOf2013(`backpack-coordinator-${name}`, commands[name], { argv, version: packageVersion() })
}

/** Runs the daemon, `backpack-coordinator`, and sets the exit code. */
export async function runDaemon(argv: readonly string[]): Promise<void> {
  // The admin commands need not load what the daemon needs.
  const { runServe } = await import('./serve.js')
  await runServe(argv, packageVersion())
}
