// @ts-check
// Counts what passed and failed over checks and test runs, for the last line of `npm test`.

import { say, sayError, step } from './console.mjs'

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {readonly string[]} [failures] a line for each of them, where the step can say
 */

export class Tally {
  #passed = 0
  #failed = 0
  /** @type {string[]} what the end says: a step that failed, and under it its failures */
  #failureLines = []

  /**
   * Runs one step and counts its results. A step that throws counts as one failure, and the next still runs.
   *
   * @param {string} title
   * @param {() => Promise<Counts>} work
   */
  async count(title, work) {
    try {
      const { passed, failed, failures = [] } = await step(title, work)
      this.#passed += passed
      this.#failed += failed
      if (failed > 0) this.#failureLines.push(`failed: ${title}`, ...failures.map((line) => `  ${line}`))
    } catch (error) {
      this.#failed += 1
      this.#failureLines.push(`failed: ${title}`)
      sayError(error)
    }
  }

  /** A step the others need: silent in the counts while it succeeds, one failure when it throws. */
  async require(/** @type {string} */ title, /** @type {() => Promise<void>} */ work) {
    try {
      await work()
    } catch (error) {
      this.#failed += 1
      this.#failureLines.push(`failed: ${title}`)
      sayError(error)
    }
  }

  /** Prints what failed, then `N passed, N failed` as the last line; gives the exit code. */
  finish() {
    say('')
    for (const line of this.#failureLines) say(line)
    say(`${this.#passed} passed, ${this.#failed} failed`)
    return this.#failed === 0 ? 0 : 1
  }
}
