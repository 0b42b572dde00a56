// @ts-check
// From a bare checkout to installed and built packages. Each step is left out when its inputs did not change.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, workspaceRoot } from './commands.mjs'
import { say, sayError, step } from './console.mjs'
import { dropStamp, fingerprintContents, fingerprintStats, readStamp, writeStamp } from './fingerprint.mjs'
import { pnpm } from './pnpm.mjs'
import { SetupError } from './setup-error.mjs'
import { listPackages, readPackageManager } from './workspace.mjs'

const nodeMin = { major: 20, minor: 19 }
const installStampPath = join(workspaceRoot, 'node_modules', '.backpack-install')
const buildStampPath = join(workspaceRoot, 'node_modules', '.backpack-build')

/** How npm and pnpm name the failures of a network that is not there. */
const networkFailure = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|META_FETCH_FAIL/

/**
 * Runs the body of a root script: checks Node first, turns what it throws into a message and exit code 1.
 *
 * @param {() => Promise<number>} main gives the exit code
 */
export async function runScript(main) {
  try {
    requireNode(process.versions.node)
    process.exitCode = await main()
  } catch (error) {
    sayError(error)
    process.exitCode = 1
  }
}

/** Installs and builds whatever is not up to date. */
export async function prepare() {
  await installPackages()
  await buildPackages()
}

/** Installs the packages that the lockfile names, with the pnpm that package.json names. */
export async function installPackages() {
  const stamp = fingerprintInstall()
  if (readStamp(installStampPath) === stamp && listPackages().every(hasModules)) {
    say('• Packages are installed')
    return
  }
  const manager = readPackageManager()
  requireProgram('npx', 'It comes with npm: install npm 10 or newer, then run this again.')
  await step(`Fetching ${manager}, which installs the packages`, async () => {
    const result = await pnpm(['--version'])
    if (result.exitCode !== 0) throw fetchError(`${manager} could not be fetched.`, result.output)
  })
  await step('Installing the packages that pnpm-lock.yaml names', async () => {
    dropStamp(installStampPath)
    dropStamp(buildStampPath)
    // Without a terminal pnpm would stop to ask before it replaces a node_modules of another shape.
    const args = ['install', '--frozen-lockfile', '--config.confirmModulesPurge=false']
    const result = await pnpm(args)
    if (result.exitCode !== 0) throw fetchError('The packages could not be installed.', result.output)
    writeStamp(installStampPath, stamp)
  })
}

/** Builds every package that has a build script. */
export async function buildPackages() {
  const packages = listPackages().filter((each) => each.builds)
  if (readStamp(buildStampPath) === fingerprintBuild(packages)) {
    say('• Packages are built')
    return
  }
  await step(`Building ${packages.map((each) => each.name).join(', ')}`, async () => {
    dropStamp(buildStampPath)
    const result = await pnpm(['exec', 'turbo', 'run', 'build', '--ui=stream', '--output-logs=errors-only'])
    if (result.exitCode !== 0) {
      process.stderr.write(result.output)
      throw new SetupError('The build failed.', 'Its messages are above.')
    }
    writeStamp(buildStampPath, fingerprintBuild(packages))
  })
}

/**
 * @param {string} version such as 20.19.0
 */
export function requireNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > nodeMin.major || (major === nodeMin.major && minor >= nodeMin.minor)) return
  throw new SetupError(
    `Node ${version} is too old: Backpack needs Node ${nodeMin.major}.${nodeMin.minor} or newer.`,
    'Install a newer Node (nodejs.org, your system, nvm, fnm or volta), then run this again.',
  )
}

/**
 * @param {string} program
 * @param {string} advice
 */
export function requireProgram(program, advice) {
  if (findProgram(program) === undefined)
    throw new SetupError(`\`${program}\` was not found on PATH.`, advice)
}

/**
 * @param {string} message
 * @param {string} output
 */
function fetchError(message, output) {
  process.stderr.write(output)
  if (networkFailure.test(output)) {
    return new SetupError(
      `${message} The package registry could not be reached.`,
      'Check the network and the proxy settings (`npm ping` must succeed), then run this again.',
    )
  }
  return new SetupError(
    message,
    `The messages above say why. If the lockfile is out of date: npx ${readPackageManager()} install --no-frozen-lockfile`,
  )
}

function fingerprintInstall() {
  const manifests = listPackages().map((each) => join(each.folder, 'package.json'))
  const rootFiles = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml']
  const contents = fingerprintContents([...rootFiles.map((name) => join(workspaceRoot, name)), ...manifests])
  // Compiled packages belong to one platform and one version of Node's binary interface.
  return `${process.platform} ${process.arch} ${process.versions.modules} ${contents}`
}

/**
 * Packages that do not build are bundled into those that do: their sources count too.
 *
 * @param {readonly import('./workspace.mjs').WorkspacePackage[]} packages
 */
function fingerprintBuild(packages) {
  const inputs = ['src', 'package.json', 'tsconfig.json', 'tsup.config.ts']
  const sources = listPackages().flatMap((each) => inputs.map((name) => join(each.folder, name)))
  const results = packages.map((each) => join(each.folder, 'dist'))
  const base = join(workspaceRoot, 'tsconfig.base.json')
  return `${fingerprintContents([base, installStampPath, ...sources])} ${fingerprintStats(results)}`
}

/** @param {import('./workspace.mjs').WorkspacePackage} each */
function hasModules(each) {
  return existsSync(join(each.folder, 'node_modules'))
}
