// @ts-check
// The programs beside Node that tests and `npm run cluster` start themselves. `npm start` needs none of them.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, run, workspaceRoot } from './commands.mjs'
import { say, step } from './console.mjs'
import { SetupError } from './setup-error.mjs'

/**
 * @typedef {object} Program
 * @property {readonly string[]} debian the packages it comes in
 * @property {string} elsewhere what to install where there are no Debian packages
 * @property {() => boolean} isThere
 */

const javaFolder = '/usr/share/java'
const imageFilter = 'modules/ngx_http_image_filter_module.so'

/** By the name that messages give them. @satisfies {Record<string, Program>} */
const catalogue = {
  'redis-server': {
    debian: ['redis-server'],
    elsewhere:
      'Redis 7 or newer, redis-server on PATH (Fedora: dnf install redis; macOS: brew install redis)',
    isThere: () => isOnPath('redis-server'),
  },
  java: {
    debian: ['default-jre-headless'],
    elsewhere: 'a Java runtime, 11 or newer, java on PATH',
    isThere: () => isOnPath('java'),
  },
  // The package `zookeeper` is these jars, a desktop's Java and a service.
  'ZooKeeper (its jars)': {
    debian: ['libzookeeper-java', 'libslf4j-java'],
    elsewhere: `ZooKeeper 3.8 as Debian and Ubuntu have it: zookeeper.jar and slf4j-nop.jar in ${javaFolder}`,
    isThere: () => ['zookeeper.jar', 'slf4j-nop.jar'].every((jar) => existsSync(join(javaFolder, jar))),
  },
  'g++': {
    debian: ['g++'],
    elsewhere: 'a C++ compiler, g++ on PATH',
    isThere: () => isOnPath('g++'),
  },
  make: {
    debian: ['make'],
    elsewhere: 'make',
    isThere: () => isOnPath('make'),
  },
  python3: {
    debian: ['python3'],
    elsewhere: 'Python 3, python3 on PATH',
    isThere: () => isOnPath('python3'),
  },
  nginx: {
    debian: ['nginx'],
    elsewhere: 'nginx, on PATH or in /usr/sbin',
    isThere: () => isOnPath('nginx') || existsSync('/usr/sbin/nginx'),
  },
  "nginx's image filter": {
    debian: ['libnginx-mod-http-image-filter'],
    elsewhere: "nginx's dynamic module ngx_http_image_filter_module.so",
    isThere: () =>
      ['/usr/lib/nginx', '/usr/lib64/nginx', '/usr/share/nginx'].some((folder) =>
        existsSync(join(folder, imageFilter)),
      ),
  },
  curl: {
    debian: ['curl'],
    elsewhere: 'curl',
    isThere: () => isOnPath('curl'),
  },
  wget: {
    debian: ['wget'],
    elsewhere: 'GNU Wget',
    isThere: () => isOnPath('wget'),
  },
  'ffmpeg and ffprobe': {
    debian: ['ffmpeg'],
    elsewhere: 'FFmpeg, ffmpeg and ffprobe on PATH',
    isThere: () => isOnPath('ffmpeg') && isOnPath('ffprobe'),
  },
  chromium: {
    debian: ['chromium'],
    elsewhere: 'Chromium as /usr/bin/chromium',
    isThere: () => existsSync('/usr/bin/chromium'),
  },
  openssl: {
    debian: ['openssl'],
    elsewhere: 'openssl on PATH',
    isThere: () => isOnPath('openssl'),
  },
}

/** @typedef {keyof typeof catalogue} ProgramName */

/** What starting a cluster takes. @type {readonly ProgramName[]} */
export const clusterPrograms = ['redis-server', 'java', 'ZooKeeper (its jars)']

/** What compiling npm's `zookeeper` takes. @type {readonly ProgramName[]} */
export const compilerPrograms = ['g++', 'make', 'python3']

/** What the tests of the edge take. @type {readonly ProgramName[]} */
export const edgePrograms = ['nginx', "nginx's image filter"]

/** The clients that the tests of the gateway run, and what makes their certificates. @type {readonly ProgramName[]} */
export const gatewayPrograms = ['curl', 'wget', 'ffmpeg and ffprobe', 'chromium', 'openssl']

/**
 * Installs what is missing, in one go. Throws SetupError, saying what to install, where that may not be done.
 *
 * @param {readonly ProgramName[]} names
 */
export async function ensurePrograms(names) {
  const missing = findMissing(names)
  if (missing.length === 0) {
    say(`• ${names.join(', ')}: installed`)
    return
  }
  if (findProgram('apt-get') === undefined) {
    throw missingError(missing, 'there is no apt-get to install it with')
  }
  const asRoot = await findWayToRoot()
  if (asRoot === undefined)
    throw missingError(missing, 'installing it needs root, or sudo without a password')
  const packages = debianPackages(missing)
  await step(
    `Installing Debian's ${packages.join(', ')} (programs only; no service is started)`,
    async () => {
      const script = join(workspaceRoot, 'tools', 'setup', 'install-debian.sh')
      const [program = 'sh', ...args] = [...asRoot, 'sh', script, ...packages]
      const { output } = await run(program, args)
      const lacking = findMissing(missing)
      if (lacking.length === 0) return
      process.stderr.write(output)
      throw missingError(lacking, 'apt-get says above why it could not be installed')
    },
  )
}

/**
 * @param {readonly ProgramName[]} names
 * @returns {ProgramName[]}
 */
function findMissing(names) {
  return names.filter((name) => !catalogue[name].isThere())
}

/** @param {readonly ProgramName[]} names */
function debianPackages(names) {
  return names.flatMap((name) => catalogue[name].debian)
}

/**
 * @param {readonly ProgramName[]} names
 * @param {string} reason
 */
function missingError(names, reason) {
  return new SetupError(
    `Missing: ${names.join(', ')}; ${reason}.`,
    [
      'Install this, then run it again:',
      `  Debian, Ubuntu   sudo apt-get install --no-install-recommends ${debianPackages(names).join(' ')}`,
      ...names.map((name) => `  elsewhere        ${catalogue[name].elsewhere}`),
    ].join('\n'),
  )
}

/** @returns {Promise<string[] | undefined>} what to put before a command that needs root */
async function findWayToRoot() {
  if (process.getuid?.() === 0) return []
  if (findProgram('sudo') === undefined) return undefined
  const probe = await run('sudo', ['-n', 'true'])
  return probe.exitCode === 0 ? ['sudo', '-n'] : undefined
}

/** @param {string} program */
function isOnPath(program) {
  return findProgram(program) !== undefined
}
