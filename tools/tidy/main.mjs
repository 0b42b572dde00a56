// @ts-check
// `node tools/tidy/main.mjs [directory]`: holds every file of the project, committed or about to be, to the
// rules. Prints `path:line message` for each problem; exit code 1 when there is one.

import { execFileSync } from 'node:child_process'
import { lstatSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProblems } from './rules.mjs'

const root = process.argv[2] ?? dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const listingBytesMax = 64 * 1024 * 1024

const files = listFiles()
const problems = files.flatMap((path) => {
  const text = readText(path)
  return text === undefined ? [] : findProblems({ path, text })
})
for (const { path, line, message } of problems) console.log(`${path}:${line} ${message}`)
console.log(`${files.length} files, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1

/** @returns {string[]} */
function listFiles() {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const listing = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: listingBytesMax })
  return listing.split('\0').filter((path) => path !== '')
}

/**
 * The file's text; undefined for a binary file, a link, or one deleted but not yet committed.
 *
 * @param {string} path
 */
function readText(path) {
  const absolute = join(root, path)
  if (!lstatSync(absolute, { throwIfNoEntry: false })?.isFile()) return undefined
  const bytes = readFileSync(absolute)
  return bytes.includes(0) ? undefined : bytes.toString('utf8')
}
