// The examples run, print what they should, and stay short. They import the built packages, as users do.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const examples = fileURLToPath(new URL('../examples', import.meta.url))
const linesMax = 40
/** Not an example by itself. */
const shared = 'small-cluster.mjs'

const outputs: Record<string, RegExp> = {
  'errors.mjs':
    /^no such shard: SHARD_UNKNOWN\nmore copies than nodes: COPIES_MISSING\na bad name: NAME_INVALID\na blob that is not there: undefined\none store away: nothing\nboth stores away: NODES_AWAY\n$/,
  'put-and-get.mjs':
    /^stored in shard 1: 2 copies\na store has it with the same ETag: true\na store has it with the same ETag: true\ngot 4 bytes of image\/jpeg: meow\na newer version: true\nafter delete: undefined\n$/,
  'serve-over-http.mjs': /^PUT 200 shard 1 copies 2\nGET 206 bytes 0-1\/4 me\nuploads 1 of 4 bytes\n$/,
}

test('every example is known here', () => {
  expect(readdirSync(examples).sort()).toEqual([...Object.keys(outputs), shared].sort())
})

test.each(Object.entries(outputs))('%s prints what it should', async (file, output) => {
  const { stdout, stderr } = await run(process.execPath, [join(examples, file)])
  expect(stderr).toBe('')
  expect(stdout).toMatch(output)
})

test.each([...Object.keys(outputs), shared])('%s has fewer than 40 lines', (file) => {
  expect(readFileSync(join(examples, file), 'utf8').trimEnd().split('\n').length).toBeLessThan(linesMax)
})
