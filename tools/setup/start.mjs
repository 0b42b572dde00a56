// @ts-check
// `npm start`: a whole cluster in one process on ./data. `npm start -- other-directory --port 8080` changes what it is told.

import { join } from 'node:path'
import { workspaceRoot } from './commands.mjs'
import { say } from './console.mjs'
import { runInForeground } from './foreground.mjs'
import { prepare, runScript } from './prepare.mjs'

await runScript(async () => {
  await prepare()
  say('• Starting')
  return runInForeground(join(workspaceRoot, 'tools', 'bin', 'embedded.cjs'), process.argv.slice(2))
})
