// @ts-check
// `npm run test:faults`: the crash and fault suites with their full counts, which take hours; with `-- --short` minutes.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { buildPackages, installPackages, runScript } from './prepare.mjs'
import { clusterPrograms, ensurePrograms } from './programs.mjs'
import { Tally } from './tally.mjs'
import { runVitest } from './vitest-runs.mjs'
import { listPackages } from './workspace.mjs'
import { ensureClient, ensureCompilerForClient } from './zookeeper-client.mjs'

await runScript(async () => {
  const tally = new Tally()
  await tally.require('Programs', () => ensurePrograms(clusterPrograms))
  await tally.require('Compiler', ensureCompilerForClient)
  await installPackages()
  await tally.require('ZooKeeper client', ensureClient)
  await tally.require('Build', buildPackages)
  /** @type {Record<string, string>} */
  const env = process.argv.includes('--short')
    ? { BACKPACK_FAULTS_SHORT: '1' }
    : { BACKPACK_FAULTS_FULL: '1' }
  for (const { name, folder } of listPackages().filter(hasFaults)) {
    await tally.count(`Faults of ${name}`, () => runVitest(folder, { args: ['test/faults'], env }))
  }
  return tally.finish()
})

/** @param {import('./workspace.mjs').WorkspacePackage} each */
function hasFaults(each) {
  return existsSync(join(each.folder, 'test', 'faults'))
}
