// @ts-check
// The package manager: it need not be on PATH, npx fetches the one that package.json names.

import { existsSync, readFileSync } from 'node:fs'
import { run } from './commands.mjs'
import { readPackageManager } from './workspace.mjs'

/**
 * npx puts pnpm on the PATH of what it runs, where turbo wants it.
 *
 * @param {readonly string[]} args
 */
export function pnpm(args) {
  return run('npx', ['--yes', readPackageManager(), ...args], {
    env: { TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1', ...findNodeHeaders() },
  })
}

/** Packages that compile at install find Node's headers here even where they may not be downloaded. */
function findNodeHeaders() {
  const versionFile = '/usr/include/node/node_version.h'
  if (process.env['npm_config_nodedir'] !== undefined || !existsSync(versionFile)) return {}
  const header = readFileSync(versionFile, 'utf8')
  const numbers = ['MAJOR', 'MINOR', 'PATCH'].map(
    (part) => new RegExp(`#define NODE_${part}_VERSION (\\d+)`).exec(header)?.[1],
  )
  /** @type {Record<string, string>} */
  const env = numbers.join('.') === process.versions.node ? { npm_config_nodedir: '/usr' } : {}
  return env
}
