// @ts-check
// `npm run test:faults`: the crash and fault suites with their full counts. Takes long.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { prepare, runScript } from './prepare.mjs'
import { ensureRedis } from './redis.mjs'
import { Tally } from './tally.mjs'
import { runVitest } from './vitest-runs.mjs'
import { listPackages } from './workspace.mjs'

await runScript(async () => {
  await prepare()
  const tally = new Tally()
  await tally.require('redis-server', ensureRedis)
  const env = { BACKPACK_FAULTS_FULL: '1' }
  for (const { name, folder } of listPackages().filter(hasFaults)) {
    await tally.count(`Faults of ${name}`, () => runVitest(folder, { args: ['test/faults'], env }))
  }
  return tally.finish()
})

/** @param {import('./workspace.mjs').WorkspacePackage} each */
function hasFaults(each) {
  return existsSync(join(each.folder, 'test', 'faults'))
}
