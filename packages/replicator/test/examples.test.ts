// The examples run, print what they should, and stay short. They get the replicator as it stands in src, under its name.
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'tsup'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const packageDirectory = fileURLToPath(new URL('..', import.meta.url))
const examples = join(packageDirectory, 'examples')
const copies = join(packageDirectory, `node_modules/.cache/backpack-examples-${process.pid}`)
const linesMax = 40

const outputs: Record<string, RegExp> = {
  'embed-the-replicator.mjs': /^the copy has the same ETag: true\ncopied: 1\n$/,
  'parked-tasks.mjs':
    /^\/lost\.jpg to server 4: No node has the blob: 1 answers 404\nretried: 1\n\{ due: 1, parked: 0 \}\n$/,
}

beforeAll(async () => {
  const replicator = join(copies, 'node_modules/@backpack/replicator')
  mkdirSync(replicator, { recursive: true })
  const { name, type } = JSON.parse(readFileSync(join(packageDirectory, 'package.json'), 'utf8')) as {
    name: string
    type: string
  }
  writeFileSync(join(replicator, 'package.json'), JSON.stringify({ name, type, exports: './dist/index.js' }))
  await build({
    config: false,
    entry: { index: join(packageDirectory, 'src/index.ts') },
    outDir: join(replicator, 'dist'),
    format: ['esm'],
    target: 'node20',
    platform: 'node',
    external: ['zookeeper'],
    dts: false,
    silent: true,
  })
  for (const file of Object.keys(outputs)) copyFileSync(join(examples, file), join(copies, file))
})
afterAll(() => rmSync(copies, { recursive: true, force: true }))

test('every example is known here', () => {
  expect(readdirSync(examples).sort()).toEqual(Object.keys(outputs))
})

test.each(Object.entries(outputs))('%s prints what it should', async (file, output) => {
  const { stdout, stderr } = await run(process.execPath, [join(copies, file)])
  expect(stderr).toBe('')
  expect(stdout).toMatch(output)
})

test.each(Object.keys(outputs))('%s has fewer than 40 lines', (file) => {
  expect(readFileSync(join(examples, file), 'utf8').trimEnd().split('\n').length).toBeLessThan(linesMax)
})
