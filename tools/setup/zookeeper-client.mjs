// @ts-check
// npm's `zookeeper` is an optional package that compiles when it is installed: where that failed, the installation goes on
// without it. What talks to ZooKeeper needs it; `npm start` does not.

import { join } from 'node:path'
import { run, workspaceRoot } from './commands.mjs'
import { say, step } from './console.mjs'
import { pnpm } from './pnpm.mjs'
import { compilerPrograms, ensurePrograms } from './programs.mjs'
import { SetupError } from './setup-error.mjs'

/** To be done before the packages are installed: makes sure of what compiles the client. Throws SetupError. */
export async function ensureCompilerForClient() {
  if (!(await clientWorks())) await ensurePrograms(compilerPrograms)
}

/** Compiles the client if an installation of the packages had to leave it out, now or long ago. Throws SetupError. */
export async function ensureClient() {
  if (await clientWorks()) {
    say('• The ZooKeeper client is compiled')
    return
  }
  await step('Compiling the ZooKeeper client (npm zookeeper)', async () => {
    const { output } = await pnpm(['rebuild', '--recursive', 'zookeeper'])
    if (await clientWorks()) return
    process.stderr.write(output)
    throw new SetupError(
      'The ZooKeeper client (npm zookeeper) could not be compiled.',
      "Its messages are above. It needs g++, make, python3 and Node's headers (downloaded, or npm_config_nodedir=/usr).",
    )
  })
}

/** Whether the packages of this workspace can load it. */
async function clientWorks() {
  const cwd = join(workspaceRoot, 'packages', 'cluster-model')
  const { exitCode } = await run(process.execPath, ['--eval', "require('zookeeper')"], { cwd })
  return exitCode === 0
}
