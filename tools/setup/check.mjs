// @ts-check
// `npm run check`: lint, format, types and tidy.

import { checkSteps } from './check-steps.mjs'
import { buildPackages, installPackages, runScript } from './prepare.mjs'
import { Tally } from './tally.mjs'

await runScript(async () => {
  await installPackages()
  const tally = new Tally()
  await tally.require('Build', buildPackages)
  for (const { title, work } of checkSteps()) await tally.count(title, work)
  return tally.finish()
})
