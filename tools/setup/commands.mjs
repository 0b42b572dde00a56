// @ts-check
// Child processes, and the paths they run in.

import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const workspaceRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** A failing child's output is kept up to this size, from its end: the cause is mostly there. */
const outputCharsMax = 200_000

/**
 * @typedef {object} CommandOptions
 * @property {string} [cwd]
 * @property {Record<string, string>} [env] added to this process's own environment
 * @property {boolean} [show] give the child this terminal; otherwise its output is collected
 *
 * @typedef {object} CommandResult
 * @property {number} exitCode 127 when the program does not exist, 128 when a signal ended it
 * @property {string} output stdout and stderr as they came; empty with `show`
 */

/**
 * Runs a program to its end. A program that fails or is missing is a result, not an exception.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<CommandResult>}
 */
export function run(program, args, options = {}) {
  const { cwd = workspaceRoot, env = {}, show = false } = options
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: show ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const collect = (/** @type {string} */ text) => {
      output = (output + text).slice(-outputCharsMax)
    }
    child.stdout?.setEncoding('utf8').on('data', collect)
    child.stderr?.setEncoding('utf8').on('data', collect)
    child.once('error', (error) => {
      resolve({ exitCode: 127, output: `${output}${error.message}\n` })
    })
    child.once('close', (code) => {
      resolve({ exitCode: code ?? 128, output })
    })
  })
}

/**
 * The full path of a program on PATH, or undefined.
 *
 * @param {string} program
 */
export function findProgram(program) {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, program)).find(isExecutable)
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
