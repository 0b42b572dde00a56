// @ts-check
// `npm run cluster`: a cluster of real processes on this machine until Ctrl-C. `npm run cluster -- --servers 3` makes it larger.

import { join } from 'node:path'
import { workspaceRoot } from './commands.mjs'
import { runInForeground } from './foreground.mjs'
import { buildPackages, installPackages, runScript } from './prepare.mjs'
import { clusterPrograms, ensurePrograms } from './programs.mjs'
import { ensureClient, ensureCompilerForClient } from './zookeeper-client.mjs'

await runScript(async () => {
  await ensurePrograms(clusterPrograms)
  await ensureCompilerForClient()
  await installPackages()
  await ensureClient()
  await buildPackages()
  const main = join(workspaceRoot, 'test-cluster', 'bin', 'test-cluster.cjs')
  return runInForeground(main, process.argv.slice(2))
})
