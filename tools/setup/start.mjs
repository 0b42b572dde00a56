// @ts-check
// `npm start`: a whole cluster in one process on ./data. `npm start -- other-directory --port 8080` changes what it is told.

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { workspaceRoot } from './commands.mjs'
import { say } from './console.mjs'
import { prepare, runScript } from './prepare.mjs'

const orphanCheckMs = 500

await runScript(async () => {
  await prepare()
  say('• Starting')
  return runEmbedded(process.argv.slice(2))
})

/**
 * Runs the cluster on this terminal until it ends, and gives its exit code.
 *
 * @param {readonly string[]} args
 * @returns {Promise<number>}
 */
function runEmbedded(args) {
  const bin = join(workspaceRoot, 'tools', 'bin', 'embedded.cjs')
  const child = spawn(process.execPath, [bin, ...args], { cwd: workspaceRoot, stdio: 'inherit' })
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal))
  }
  // npm dies of a signal without passing it on: a cluster that nobody waits for any more would keep its directory locked.
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM')
  }, orphanCheckMs).unref()
  // Ctrl-C in a terminal reaches the cluster by itself, and twice could mean "at once" to it.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
    })
  })
}
