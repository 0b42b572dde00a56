// @ts-check
// Runs a package's tests on this terminal and reads the counts from vitest's own JSON report.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { run } from './commands.mjs'

/**
 * The part of vitest's JSON report that is read here.
 *
 * @typedef {object} VitestReport
 * @property {number} numPassedTests
 * @property {FileReport[]} testResults one per file
 *
 * @typedef {object} FileReport
 * @property {string} name the path of the file
 * @property {string} status
 * @property {string} [message] why the file could not be loaded
 * @property {TestReport[]} assertionResults
 *
 * @typedef {object} TestReport
 * @property {string} status
 * @property {string} fullName
 * @property {string[] | null} [failureMessages]
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
    return countTests(report, exitCode, packageFolder)
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
 * @param {string} packageFolder what the paths of the failures are relative to
 * @returns {import('./tally.mjs').Counts}
 */
export function countTests(report, exitCode, packageFolder) {
  if (report === undefined)
    return { passed: 0, failed: 1, failures: ['the run died: there is no report of it'] }
  const failures = report.testResults.flatMap((file) => describeFailures(file, packageFolder))
  if (failures.length === 0 && exitCode !== 0) {
    failures.push(`every test passed, and yet the run ended with exit code ${exitCode}`)
  }
  return { passed: report.numPassedTests, failed: failures.length, failures }
}

/** A line per failure of a file: which test, and the beginning of why. */
function describeFailures(/** @type {FileReport} */ file, /** @type {string} */ packageFolder) {
  const path = relative(packageFolder, file.name)
  const failedTests = file.assertionResults.filter(({ status }) => status === 'failed')
  if (failedTests.length > 0) {
    return failedTests.map((test) => `${path} › ${test.fullName}: ${firstLine(test.failureMessages?.[0])}`)
  }
  return file.status === 'failed' ? [`${path}: ${firstLine(file.message)}`] : []
}

/** Of a message, without colours; at most 300 characters. */
function firstLine(/** @type {string | undefined} */ message = 'no reason given') {
  return stripVTControlCharacters(message).trim().split('\n', 1).join('').slice(0, 300)
}
