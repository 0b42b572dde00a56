// @ts-check
// Runs a package's tests on this terminal and reads the counts from vitest's own JSON report.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './commands.mjs'

/**
 * The part of vitest's JSON report that is read here.
 *
 * @typedef {object} VitestReport
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {{ status: string, assertionResults: { status: string }[] }[]} testResults one per file
 */

/**
 * @param {string} packageFolder
 * @param {{ args?: readonly string[], env?: Record<string, string> }} [options]
 * @returns {Promise<import('./tally.mjs').Counts>}
 */
export async function runVitest(packageFolder, options = {}) {
  const { args = [], env = {} } = options
  const scratch = mkdtempSync(join(tmpdir(), 'backpack-vitest-'))
  const reportPath = join(scratch, 'report.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`]
    const vitest = join(packageFolder, 'node_modules', '.bin', 'vitest')
    const { exitCode } = await run(vitest, ['run', ...reporters, ...args], {
      cwd: packageFolder,
      env,
      show: true,
    })
    const report = existsSync(reportPath) ? JSON.parse(readFileSync(reportPath, 'utf8')) : undefined
    return countTests(report, exitCode)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/**
 * A file that could not be loaded counts as one failure, and so does a run that ended badly though every test
 * passed (an unhandled rejection, a crash).
 *
 * @param {VitestReport | undefined} report undefined when the run died before it could write one
 * @param {number} exitCode
 * @returns {import('./tally.mjs').Counts}
 */
export function countTests(report, exitCode) {
  if (report === undefined) return { passed: 0, failed: 1 }
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((result) => result.status === 'failed'),
  )
  const failed = report.numFailedTests + brokenFiles.length
  return { passed: report.numPassedTests, failed: failed === 0 && exitCode !== 0 ? 1 : failed }
}
