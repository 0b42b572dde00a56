// @ts-check
// Fingerprints of files, and the stamps that remember them, so that a second start does no work twice.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * A hash over the names and contents of files and folders; what is missing counts as missing.
 *
 * @param {readonly string[]} paths
 */
export function fingerprintContents(paths) {
  return fingerprint(paths, (path) => readFileSync(path))
}

/**
 * As `fingerprintContents`, by size and time of change only: for results, which nobody edits.
 *
 * @param {readonly string[]} paths
 */
export function fingerprintStats(paths) {
  return fingerprint(paths, (path) => {
    const { size, mtimeMs } = statSync(path)
    return `${size} ${mtimeMs}`
  })
}

/** @param {string} path @returns {string | undefined} */
export function readStamp(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** @param {string} path @param {string} stamp */
export function writeStamp(path, stamp) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, stamp)
}

/** @param {string} path */
export function dropStamp(path) {
  rmSync(path, { force: true })
}

/**
 * @param {readonly string[]} paths
 * @param {(path: string) => string | Buffer} describe
 */
function fingerprint(paths, describe) {
  const hash = createHash('sha256')
  for (const path of paths.flatMap(listFiles)) {
    const description = existsSync(path) ? describe(path) : 'missing'
    hash.update(`${path}\0${description.length}\0`).update(description)
  }
  return hash.digest('hex')
}

/**
 * @param {string} path
 * @returns {string[]} the path itself, or the files below it in a fixed order
 */
function listFiles(path) {
  if (!existsSync(path) || !statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .sort()
    .flatMap((name) => listFiles(join(path, name)))
}
