// @ts-check
// `npm run real-images`: the round trip of thousands of real images on a fresh build.

import { join } from 'node:path'
import { run, workspaceRoot } from './commands.mjs'
import { prepare, runScript } from './prepare.mjs'

await runScript(async () => {
  await prepare()
  const main = join(workspaceRoot, 'tools', 'real-images', 'main.mjs')
  const result = await run(process.execPath, [main], { show: true })
  return result.exitCode
})
