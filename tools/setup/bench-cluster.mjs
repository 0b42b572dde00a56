// @ts-check
// `npm run bench:cluster -- …`: the cluster's benchmark on a fresh build, with the arguments given.

import { join } from 'node:path'
import { run, workspaceRoot } from './commands.mjs'
import { buildPackages, installPackages, runScript } from './prepare.mjs'
import { clusterPrograms, ensurePrograms } from './programs.mjs'
import { ensureClient, ensureCompilerForClient } from './zookeeper-client.mjs'

await runScript(async () => {
  await ensurePrograms(clusterPrograms)
  await ensureCompilerForClient()
  await installPackages()
  await ensureClient()
  await buildPackages()
  const main = join(workspaceRoot, 'tools', 'bench', 'cluster', 'main.mjs')
  const result = await run(process.execPath, [main, ...process.argv.slice(2)], { show: true })
  return result.exitCode
})
