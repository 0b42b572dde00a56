// @ts-check
// From a bare checkout to everything that a cluster of real processes takes.

import { buildPackages, installPackages } from './prepare.mjs'
import { clusterPrograms, ensurePrograms } from './programs.mjs'
import { ensureClient, ensureCompilerForClient } from './zookeeper-client.mjs'

/** Throws SetupError. */
export async function prepareCluster() {
  await ensurePrograms(clusterPrograms)
  await ensureCompilerForClient()
  await installPackages()
  await ensureClient()
  await buildPackages()
}
