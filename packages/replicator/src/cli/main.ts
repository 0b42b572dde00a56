// What the files in bin/ call.
import { runCommandOf2013 } from '@backpack/command-line'
import { packageVersion } from '../package-version.js'

/** Runs the daemon, `backpack-replicator`, with `argv` (as process.argv) and sets the exit code. */
export async function runDaemon(argv: readonly string[]): Promise<void> {
  const { runServe } = await import('./serve.js')
  await runServe(argv, packageVersion())
}

/** Runs `backpack-replicator-push` and sets the exit code. */
export async function runPush(argv: readonly string[]): Promise<void> {
  const { pushCommand } = await import('./push.js')
  await runCommandOf2013('backpack-replicator-push', pushCommand, { argv, version: packageVersion() })
}
