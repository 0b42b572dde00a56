// The examples run, print what they should, and stay short. They get the store as it stands in src, under its name.
import { build } from 'esbuild'
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { privateSources } from './helpers/daemon-process.js'

const run = promisify(execFile)
const packageDirectory = fileURLToPath(new URL('..', import.meta.url))
const examples = join(packageDirectory, 'examples')
const copies = join(packageDirectory, `node_modules/.cache/backpack-examples-${process.pid}`)
const linesMax = 40

const outputs: Record<string, RegExp> = {
  'conditional-writes.mjs':
    /^created twice, refused with PRECONDITION_FAILED\nchanged after somebody else, refused with PRECONDITION_FAILED\nthe copy has the same ETag: true\ncopied again, created: false\nan older copy, refused with VERSION_CONFLICT\n$/,
  'embed-the-daemon.mjs': /^PUT 201\nGET 206 bytes 0-1\/4 me\ndirectly: 4 bytes\nbackpack_names 1\n$/,
  'put-and-get.mjs':
    /^stored cats\/tom\.jpg: 17 bytes, ETag "[0-9a-f]{16}-[0-9a-f]{8}"\ngot 17 bytes of image\/jpeg: not really a JPEG\na blob that is not there: undefined\nafter delete: undefined\n$/,
  'scan-everything.mjs':
    /^seen 4 names, saved the cursor [\d:]+\nphoto-6\.jpg: 6000 bytes\nphoto-7\.jpg: 7000 bytes\nphoto-8\.jpg: 8000 bytes\nphoto-9\.jpg: 9000 bytes\nphoto-10\.jpg: 10000 bytes\nthe rest has 40000 bytes\n$/,
  'streams-and-ranges.mjs':
    /^stored 10485760 bytes\nbytes 65536 to 65542: part 1;\nthe stream has the same hash: true\n$/,
}

beforeAll(async () => {
  const store = join(copies, 'node_modules/@backpack/store')
  mkdirSync(store, { recursive: true })
  const { name, type } = JSON.parse(readFileSync(join(packageDirectory, 'package.json'), 'utf8')) as {
    name: string
    type: string
  }
  writeFileSync(join(store, 'package.json'), JSON.stringify({ name, type, exports: './index.js' }))
  await build({
    entryPoints: [join(packageDirectory, 'src/index.ts')],
    outfile: join(store, 'index.js'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    alias: privateSources,
    logLevel: 'error',
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
