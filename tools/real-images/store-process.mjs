// @ts-check
// The store as its users run it: the command line, in processes of its own.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { run, workspaceRoot } from '../setup/commands.mjs'
import { SetupError } from '../setup/setup-error.mjs'

const bin = join(workspaceRoot, 'packages', 'store', 'bin', 'backpack.cjs')

/**
 * Runs a command to its end and gives what it printed.
 *
 * @param {readonly string[]} args
 */
export async function backpack(args) {
  const { exitCode, output } = await run(process.execPath, [bin, ...args, '--quiet'])
  if (exitCode === 0) return lastLine(output)
  throw new SetupError(`backpack ${args[0]} ended with ${exitCode}.`, output)
}

/** @param {string} output */
function lastLine(output) {
  return output.trimEnd().split('\n').at(-1) ?? ''
}

/**
 * Serves a directory on a free port until stop() is called, which throws when the server does not end well.
 *
 * @param {string} directory
 */
export async function serve(directory) {
  const child = spawn(process.execPath, [bin, 'serve', directory, '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'close')
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
    said = (said + text).slice(-10_000)
  })
  const started = new Promise((resolve) => {
    child.stderr.on('data', () => {
      const url = /Serving .* at (http:\S+)/.exec(said)?.[1]
      if (url !== undefined) resolve(url)
    })
  })
  const url = /** @type {string | undefined} */ (await Promise.race([started, ended.then(() => undefined)]))
  if (url === undefined) throw new SetupError('backpack serve ended at once.', said)
  return {
    url,
    async stop() {
      child.kill('SIGTERM')
      const [code] = await ended
      if (code !== 0) throw new SetupError(`backpack serve ended with ${code} after SIGTERM.`, said)
    },
  }
}
