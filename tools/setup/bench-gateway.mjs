// @ts-check
// `npm run bench:gateway -- …`: the gateway's benchmark on a fresh build, with the arguments given.

import { join } from 'node:path'
import { run, workspaceRoot } from './commands.mjs'
import { prepareCluster } from './prepare-cluster.mjs'
import { runScript } from './prepare.mjs'

await runScript(async () => {
  await prepareCluster()
  const main = join(workspaceRoot, 'tools', 'bench', 'gateway', 'main.mjs')
  const result = await run(process.execPath, [main, ...process.argv.slice(2)], { show: true })
  return result.exitCode
})
