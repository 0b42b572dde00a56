// @ts-check
// `npm run cluster`: a cluster of real processes on this machine until Ctrl-C. `npm run cluster -- --servers 3` makes it larger.

import { join } from 'node:path'
import { workspaceRoot } from './commands.mjs'
import { runInForeground } from './foreground.mjs'
import { prepareCluster } from './prepare-cluster.mjs'
import { runScript } from './prepare.mjs'

await runScript(async () => {
  await prepareCluster()
  const main = join(workspaceRoot, 'test-cluster', 'bin', 'test-cluster.cjs')
  return runInForeground(main, process.argv.slice(2))
})
