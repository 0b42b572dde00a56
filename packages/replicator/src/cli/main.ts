// What the files in bin/ call.
import { runCommandOf2013 } from '@backpack/command-line'
import { readFileSync } from 'node:fs'

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

/** This file stands two folders below the package's root, in src as in dist. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
