// @ts-check
// The tests talk to a real Redis, which they start and stop themselves: only the program is needed.

import { join } from 'node:path'
import { findProgram, run, workspaceRoot } from './commands.mjs'
import { say, step } from './console.mjs'
import { SetupError } from './setup-error.mjs'

const byHand = [
  'Install Redis 7 or newer so that `redis-server` is on PATH, then run this again:',
  '  Debian, Ubuntu   sudo apt-get install redis-server',
  '  Fedora           sudo dnf install redis',
  '  macOS            brew install redis',
].join('\n')

/** Makes sure that `redis-server` is there; throws SetupError where it is not and may not be installed. */
export async function ensureRedis() {
  if (findProgram('redis-server') !== undefined) {
    say('• redis-server is installed')
    return
  }
  if (findProgram('apt-get') === undefined) {
    throw new SetupError('`redis-server` is missing, and there is no apt-get to install it with.', byHand)
  }
  const asRoot = await findWayToRoot()
  if (asRoot === undefined) {
    throw new SetupError(
      '`redis-server` is missing; installing it needs root or sudo without a password.',
      byHand,
    )
  }
  await step("Installing Debian's redis-server (the program; no service is started)", async () => {
    const script = join(workspaceRoot, 'tools', 'setup', 'install-debian.sh')
    const [program = 'sh', ...args] = [...asRoot, 'sh', script, 'redis-server']
    const result = await run(program, args)
    if (result.exitCode === 0 && findProgram('redis-server') !== undefined) return
    process.stderr.write(result.output)
    throw new SetupError('`redis-server` could not be installed; apt-get says why above.', byHand)
  })
}

/** @returns {Promise<string[] | undefined>} what to put before a command that needs root */
async function findWayToRoot() {
  if (process.getuid?.() === 0) return []
  if (findProgram('sudo') === undefined) return undefined
  const probe = await run('sudo', ['-n', 'true'])
  return probe.exitCode === 0 ? ['sudo', '-n'] : undefined
}
