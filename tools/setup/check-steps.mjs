// @ts-check
// The checks that read the source and run nothing of it: lint, format, types, tidy.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run, workspaceRoot } from './commands.mjs'
import { requireProgram } from './prepare.mjs'
import { SetupError } from './setup-error.mjs'
import { listPackages } from './workspace.mjs'

/** @typedef {{ title: string, work: () => Promise<import('./tally.mjs').Counts> }} CheckStep */

/** @returns {CheckStep[]} */
export function checkSteps() {
  return [
    { title: 'Lint (eslint, with types)', work: () => check('eslint', ['.', '--max-warnings=0']) },
    { title: 'Format (biome)', work: () => check('biome', ['format'], '`npm run format` repairs it.') },
    { title: 'Types (tsc)', work: checkTypes },
    { title: 'Tidy (house rules)', work: checkTidy },
  ]
}

async function checkTypes() {
  const projects = listPackages().filter((each) => existsSync(join(each.folder, 'tsconfig.json')))
  for (const each of projects) await check('tsc', ['--noEmit', '--project', each.folder])
  return { passed: 1, failed: 0 }
}

async function checkTidy() {
  requireProgram('git', 'The tidy check lists the files of the project with it: install git.')
  const result = await run(process.execPath, [join(workspaceRoot, 'tools', 'tidy', 'main.mjs')])
  return judge('tidy', result)
}

/**
 * @param {string} tool a program of the root's node_modules
 * @param {readonly string[]} args
 * @param {string} [advice]
 */
async function check(tool, args, advice) {
  return judge(tool, await run(join(workspaceRoot, 'node_modules', '.bin', tool), args), advice)
}

/**
 * @param {string} tool
 * @param {import('./commands.mjs').CommandResult} result
 * @param {string} [advice]
 */
function judge(tool, result, advice = 'Its messages are above.') {
  if (result.exitCode === 0) return { passed: 1, failed: 0 }
  process.stdout.write(result.output)
  throw new SetupError(`${tool} found something.`, advice)
}
