// What the files in bin/ call.
import { readFileSync } from 'node:fs'
import { type Command2013, runCommand2013 } from './run-2013.js'
import { runBackpack as runBackpackVersion } from './run-backpack.js'

/** Runs `backpack` with process.argv and sets the exit code. */
export function runBackpack(argv: readonly string[]): Promise<void> {
  return runBackpackVersion(argv, packageVersion())
}

/** Runs one of the sibling commands of 2013, such as `backpack-add`, and sets the exit code. */
export function run2013(command: Command2013, argv: readonly string[]): Promise<void> {
  return runCommand2013(command, argv, packageVersion())
}

/** This file stands two folders below the package's root, in src as in dist. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
