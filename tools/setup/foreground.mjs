// @ts-check
// Runs a program of the workspace on this terminal, for root scripts that last until Ctrl-C.

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { workspaceRoot } from './commands.mjs'

const orphanCheckMs = 500

/**
 * Runs a script with Node until it ends, passes signals on to it, and gives its exit code.
 *
 * @param {string} path
 * @param {readonly string[]} args
 * @returns {Promise<number>}
 */
export function runInForeground(path, args) {
  const child = spawn(process.execPath, [path, ...args], { cwd: workspaceRoot, stdio: 'inherit' })
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal))
  }
  // npm dies of a signal without passing it on: a program that nobody waits for any more would go on for ever.
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM')
  }, orphanCheckMs).unref()
  // Ctrl-C in a terminal reaches the program by itself, and twice could mean "at once" to it.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
    })
  })
}
