import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStore } from '../helpers/open-store.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { backpack, startCli, startServe, useBuiltCli } from './built-cli.js'

useBuiltCli()

async function makeStore(blobs: number, sizeBytes = 10): Promise<string> {
  const path = temporaryDirectory()
  const store = await openStore({ path })
  await Promise.all(
    Array.from({ length: blobs }, (_, blob) => store.put(`dir/${blob}`, Buffer.alloc(sizeBytes, blob))),
  )
  await store.close()
  return path
}

test('export writes files, lists names that cannot be paths, and works beside a daemon', async () => {
  const path = await makeStore(20)
  const { url } = await startServe(path)
  await fetch(`${url}/etc/out`, { method: 'PUT', body: 'out' })
  const outside = temporaryDirectory()
  const { code, stdout, stderr } = await backpack(['export', path, join(outside, 'target')])
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^Exported 21 blobs \(203 B\)\.\n1 name cannot be a path here: see .backpack-export/)
  expect(code).toBe(0)
  expect(readdirSync(outside)).toEqual(['target'])
  expect(readdirSync(join(outside, 'target', 'dir'))).toHaveLength(20)
})

test('export --format ndjson writes to standard output or to a new file', async () => {
  const path = await makeStore(3)
  const piped = await backpack(['export', path, '-', '--format', 'ndjson'])
  const lines = piped.stdout.trimEnd().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { name: string }).name).sort()).toEqual([
    'dir/0',
    'dir/1',
    'dir/2',
  ])
  expect(piped.stderr).toBe('Exported 3 blobs (30 B).\n')
  const file = join(temporaryDirectory(), 'all.ndjson')
  expect(await backpack(['export', path, file, '--format', 'ndjson'])).toMatchObject({ code: 0 })
  expect(readFileSync(file, 'utf8')).toBe(piped.stdout)
  const again = await backpack(['export', path, file, '--format', 'ndjson'])
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') as string })
})

test('Ctrl-C prints the cursor, and --after goes on from it', async () => {
  const path = await makeStore(1_500, 20_000)
  const target = join(temporaryDirectory(), 'target')
  const running = startCli('backpack', ['export', path, target])
  await expect
    .poll(() => readdirSync(target, { recursive: true }).length, { timeout: 30_000, interval: 5 })
    .toBeGreaterThan(10)
  running.kill('SIGINT')
  const stopped = await running.ended()
  expect(stopped.code).toBe(130)
  const [, cursor = ''] = /To go on from here, add: --after (\d+:\d+)/.exec(stopped.stderr) ?? []
  const done = readdirSync(join(target, 'dir')).length
  expect(stopped.stderr).toContain(`Exported ${done.toLocaleString('en')} blob`)
  expect(done).toBeLessThan(1_500)
  const rest = await backpack(['export', path, target, '--after', cursor])
  expect(rest.stderr).toContain(`Exported ${(1_500 - done).toLocaleString('en')} blob`)
  expect(rest.code).toBe(0)
  expect(readdirSync(join(target, 'dir'))).toHaveLength(1_500)
})

test('a reader of standard output that goes away ends the export quietly', async () => {
  const path = await makeStore(500, 20_000)
  const running = startCli('backpack', ['export', path, '-', '--format', 'ndjson'])
  await running.waitFor('stdout', /dataBase64/)
  running.child.stdout?.destroy()
  const { code, stderr } = await running.ended()
  expect(code).toBe(141)
  expect(stderr).not.toContain('    at ')
})

test('damage makes the exit code 1, wrong arguments 2, a target inside the store is refused', async () => {
  const path = await makeStore(3, 1000)
  const volume = join(path, 'volumes', '00000001.volume')
  const bytes = readFileSync(volume)
  bytes.writeUInt8(9, bytes.indexOf(Buffer.alloc(1000, 1)) + 1)
  writeFileSync(volume, bytes)
  const damaged = await backpack(['export', path, temporaryDirectory()])
  expect(damaged.stderr).toContain('1 damaged region left out')
  expect(damaged.code).toBe(1)
  expect(await backpack(['export', path, join(path, 'volumes', 'x')])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('lies inside the store') as string,
  })
  for (const args of [
    ['export', path],
    ['export', path, 'x', '--after', 'y'],
    ['export', path, 'x', '--format', 'z'],
  ]) {
    expect([args, (await backpack(args)).code]).toEqual([args, 2])
  }
})
