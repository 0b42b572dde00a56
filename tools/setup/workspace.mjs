// @ts-check
// Which packages there are, and which files decide whether they must be installed or built again.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { workspaceRoot } from './commands.mjs'

/**
 * @typedef {object} WorkspacePackage
 * @property {string} name
 * @property {string} folder absolute
 * @property {boolean} builds has a build script, hence a dist folder
 * @property {boolean} tests has a vitest configuration
 */

/**
 * The packages of the workspace, those to publish first.
 *
 * @returns {WorkspacePackage[]}
 */
export function listPackages(root = workspaceRoot) {
  const published = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))
  const folders = [...published.sort(), join(root, 'tools'), join(root, 'test-cluster')]
  return folders.filter((folder) => existsSync(join(folder, 'package.json'))).map(describePackage)
}

/** The manager's exact version, as the root package.json pins it: `pnpm@1.2.3`. */
export function readPackageManager(root = workspaceRoot) {
  return String(readJson(join(root, 'package.json')).packageManager)
}

/**
 * @param {string} folder
 * @returns {WorkspacePackage}
 */
function describePackage(folder) {
  const manifest = readJson(join(folder, 'package.json'))
  return {
    name: String(manifest.name),
    folder,
    builds: typeof manifest.scripts?.build === 'string',
    tests: existsSync(join(folder, 'vitest.config.ts')),
  }
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}
