// @ts-check
// What the set-up prints: one line when a step begins, its duration when it ends.

import { SetupError } from './setup-error.mjs'

/** @param {string} line */
export function say(line) {
  process.stdout.write(`${line}\n`)
}

/** @param {number} durationMs */
export function formatDuration(durationMs) {
  if (durationMs < 59_950) return `${(durationMs / 1000).toFixed(1)} s`
  const seconds = Math.round(durationMs / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/**
 * Announces a step, runs it and says how long it took, also when it throws.
 *
 * @template T
 * @param {string} title
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  say(`• ${title}`)
  const startedAtMs = performance.now()
  try {
    const result = await work()
    say(`  done in ${formatDuration(performance.now() - startedAtMs)}`)
    return result
  } catch (error) {
    say(`  failed after ${formatDuration(performance.now() - startedAtMs)}`)
    throw error
  }
}

/** @param {unknown} error */
export function sayError(error) {
  if (!(error instanceof SetupError)) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    return
  }
  const advice = error.advice.split('\n').map((line) => `  ${line}`)
  process.stderr.write(`✗ ${error.message}\n${advice.join('\n')}\n`)
}
