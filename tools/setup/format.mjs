// @ts-check
// `npm run format`: writes every file in the one format.

import { run, workspaceRoot } from './commands.mjs'
import { installPackages, runScript } from './prepare.mjs'

await runScript(async () => {
  await installPackages()
  const result = await run(`${workspaceRoot}/node_modules/.bin/biome`, ['format', '--write'], { show: true })
  return result.exitCode
})
