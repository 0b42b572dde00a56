// The Debian programs that the benchmark drives: installed when they are missing and may be.
import { spawnSync } from 'node:child_process'
import { findProgram, run } from '../../setup/commands.mjs'
import { SetupError } from '../../setup/setup-error.mjs'
import { fileURLToPath } from 'node:url'

const packageOf = {
  wrk: 'wrk',
  nginx: 'nginx-light',
  'redis-server': 'redis-server',
  vmtouch: 'vmtouch',
}
/** Hot runs do without it where nothing takes idle pages away; they say so. */
const optional = ['vmtouch']
const installScript = fileURLToPath(new URL('../../setup/install-debian.sh', import.meta.url))

/** Throws SetupError that names what is missing and how to install it. */
export async function ensurePrograms(programs, say) {
  addSystemFolders()
  const missing = programs.filter((program) => findProgram(program) === undefined)
  if (missing.length === 0) return
  const packages = missing.map((program) => packageOf[program])
  const asRoot = wayToRoot()
  if (asRoot !== undefined && findProgram('apt-get') !== undefined) {
    say(`• Installing Debian's ${packages.join(', ')} (programs only; no service is started)`)
    const [program, ...args] = [...asRoot, 'sh', installScript, ...packages]
    const { output } = await run(program, args)
    if (programs.some((each) => findProgram(each) === undefined)) say(output)
  }
  const lacking = programs.filter((each) => findProgram(each) === undefined && !optional.includes(each))
  if (lacking.length === 0) return
  throw new SetupError(
    `Missing: ${lacking.join(', ')}.`,
    `On Debian: sudo apt-get install ${lacking.map((program) => packageOf[program]).join(' ')}\n` +
      'Or leave out the rows that need them with --only.',
  )
}

/** nginx lives in /usr/sbin, which is not on everybody's PATH. */
function addSystemFolders() {
  process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`
}

function wayToRoot() {
  if (process.getuid() === 0) return []
  return spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : undefined
}
