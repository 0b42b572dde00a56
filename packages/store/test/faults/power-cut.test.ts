// SIGKILL leaves the page cache alone and so cannot show a missing sync: here a disk forgets what was not synced.
import { expect, test } from 'vitest'
import { faultCount } from '../helpers/fault-count.js'
import { printedRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { type PowerCuts, PowerCutRounds } from './power-cut-round.js'

function makeRounds(purpose: string, forgets: PowerCuts['forgets'] = 'none'): PowerCutRounds {
  return new PowerCutRounds({ base: temporaryDirectory(), random: printedRandom(purpose), forgets })
}

test('after a power cut at any moment every acknowledged put and delete is there, and nothing half-written', async () => {
  const cuts = faultCount('power cuts', { short: 20, full: 300 })
  const rounds = makeRounds('power cuts')
  for (let cut = 1; cut <= cuts; cut++) expect(await rounds.powerCut(), `power cut ${cut}`).toEqual([])
  console.log(`acknowledged before the cuts: ${rounds.acknowledgements}`)
  expect(rounds.acknowledgements).toBeGreaterThan(cuts)
})

test('what a killed process left unsynced is synced by recovery before it is served', async () => {
  const cuts = faultCount('kills followed by a power cut', { short: 20, full: 300 })
  const rounds = makeRounds('kills followed by a power cut')
  for (let cut = 1; cut <= cuts; cut++) expect(await rounds.killThenPowerCut(), `kill ${cut}`).toEqual([])
  expect(rounds.acknowledgements).toBeGreaterThan(cuts)
})

test.each([
  { forgets: 'files', seen: 'syncs of files are' },
  { forgets: 'folders', seen: 'syncs of folders are' },
  { forgets: 'recovery', seen: 'the sync of what recovery adopts is' },
] as const)('these rounds notice when $seen left out', async ({ forgets }) => {
  const rounds = makeRounds(`forgotten: ${forgets}`, forgets)
  let problems: string[] = []
  for (let cut = 0; cut < 30 && problems.length === 0; cut++) {
    problems = forgets === 'recovery' ? await rounds.killThenPowerCut() : await rounds.powerCut()
  }
  expect(problems).not.toEqual([])
})
