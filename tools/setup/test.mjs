// @ts-check
// `npm test`: the set-up, every check, then every package's tests. A failing step does not stop the later ones.

import { checkSteps } from './check-steps.mjs'
import { buildPackages, installPackages, runScript } from './prepare.mjs'
import { clusterPrograms, edgePrograms, ensurePrograms, gatewayPrograms } from './programs.mjs'
import { Tally } from './tally.mjs'
import { runVitest } from './vitest-runs.mjs'
import { listPackages } from './workspace.mjs'
import { ensureClient, ensureCompilerForClient } from './zookeeper-client.mjs'

await runScript(async () => {
  const tally = new Tally()
  const programs = [...clusterPrograms, ...edgePrograms, ...gatewayPrograms]
  await tally.require('Programs', () => ensurePrograms(programs))
  await tally.require('Compiler', ensureCompilerForClient)
  await installPackages()
  await tally.require('ZooKeeper client', ensureClient)
  await tally.require('Build', buildPackages)
  for (const { title, work } of checkSteps()) await tally.count(title, work)
  for (const { name, folder } of listPackages().filter((each) => each.tests)) {
    await tally.count(`Tests of ${name}`, () => runVitest(folder))
  }
  return tally.finish()
})
