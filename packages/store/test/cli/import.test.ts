import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { openStore } from '../helpers/open-store.js'
import { freePort, RedisServer } from '../helpers/redis-server.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { Store2013 } from '../import/store-2013.js'
import { backpack, startCli, startServe, useBuiltCli } from './built-cli.js'

useBuiltCli()

function makeTree(): string {
  const root = temporaryDirectory()
  mkdirSync(join(root, 'pets'))
  writeFileSync(join(root, 'pets', '1.jpg'), 'photo')
  writeFileSync(join(root, 'a.txt'), 'text')
  writeFileSync(join(root, 'large.bin'), Buffer.alloc(2_000_000, 7))
  return root
}

function makeMany(files: number): string {
  const root = temporaryDirectory()
  for (let file = 0; file < files; file++) writeFileSync(join(root, `f${file}`), Buffer.alloc(50_000, file))
  return root
}

test('a tree is imported, compared and reported; a second import finds it all there', async () => {
  const root = makeTree()
  symlinkSync('a.txt', join(root, 'link'))
  const directory = temporaryDirectory()
  const report = join(temporaryDirectory(), 'report.ndjson')
  const first = await backpack(['import', root, directory, '--prefix', 'p/', '--verify', '--report', report])
  expect(first.stderr).toBe('skipped: link: a symbolic link; links are not followed\n')
  expect(first.stdout).toBe('Imported 3 blobs (1.9 MB), 1 skipped\nRead back 3 blobs: 0 differ.\n')
  expect(first.code).toBe(0)
  const lines = readFileSync(report, 'utf8').trimEnd().split('\n')
  const results = lines.map((line) => JSON.parse(line) as { origin: string })
  expect(results.find(({ origin }) => origin === 'pets/1.jpg')).toEqual({
    name: 'p/pets/1.jpg',
    origin: 'pets/1.jpg',
    sizeBytes: 5,
    crc32: crc32('photo').toString(16).padStart(8, '0'),
    outcome: 'imported',
    reason: null,
  })
  expect(results).toHaveLength(4)
  const second = await backpack(['import', root, directory, '--prefix', 'p/', '--json'])
  expect(JSON.parse(second.stdout)).toMatchObject({
    counts: { imported: 0, present: 3, skipped: 1, failed: 0 },
  })
  const store = await openStore({ path: directory })
  expect((await store.get('p/pets/1.jpg'))?.data.toString()).toBe('photo')
  expect((await store.head('p/pets/1.jpg'))?.contentType).toBe('image/jpeg')
})

test('a file whose name cannot be stored makes the exit code 1, the rest is imported', async () => {
  const root = makeTree()
  writeFileSync(Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.from([0xff])]), 'x')
  writeFileSync(join(root, 'esc\u001b[31m'), 'x')
  const { code, stdout, stderr } = await backpack(['import', root, temporaryDirectory()])
  expect(stdout).toBe('Imported 3 blobs (1.9 MB), 2 failed\n')
  expect(stderr).toContain('failed: bad-\\xff: its name is not valid UTF-8\n')
  expect(stderr).toContain('failed: esc\\u001b[31m: ')
  expect(code).toBe(1)
})

test('while a daemon runs, the directory is refused with its pid, and --url goes through the daemon', async () => {
  const root = makeTree()
  const directory = temporaryDirectory()
  const { running, url } = await startServe(directory)
  const refused = await backpack(['import', root, directory])
  expect(refused.stderr).toContain(`process ${running.pid}`)
  expect(refused.stderr).toContain('--url http://')
  expect(refused.code).toBe(1)
  const uploaded = await backpack(['import', root, '--url', url, '--verify'])
  expect(uploaded.stdout).toContain('Imported 3 blobs')
  expect(uploaded.stdout).toContain('Read back 3 blobs: 0 differ.')
  expect(uploaded.code).toBe(0)
  expect(await (await fetch(`${url}pets/1.jpg`)).text()).toBe('photo')
})

test('Ctrl-C stops an import with a summary; the same command then completes it', async () => {
  const root = makeMany(1_500)
  const directory = temporaryDirectory()
  const report = join(temporaryDirectory(), 'report.ndjson')
  const running = startCli('backpack', ['import', root, directory, '--report', report])
  await expect.poll(() => reportLines(report), { timeout: 30_000, interval: 5 }).toBeGreaterThan(0)
  running.kill('SIGINT')
  const stopped = await running.ended()
  expect(stopped.stdout).toMatch(/^Imported [\d,]+ blobs? \(/)
  expect(stopped.stderr).toContain('Run the same command again to go on.')
  expect(stopped.code).toBe(130)
  const imported = reportLines(report)
  expect(imported).toBeLessThan(1_500)
  const again = await backpack(['import', root, directory, '--verify', '--json'])
  const summary = JSON.parse(again.stdout) as {
    counts: { imported: number; present: number }
    verified: number
  }
  expect(summary.counts.present).toBeGreaterThanOrEqual(imported)
  expect(summary.counts.present + summary.counts.imported).toBe(1_500)
  expect(summary.verified).toBe(1_500)
  expect(again.code).toBe(0)
})

function reportLines(path: string): number {
  try {
    return readFileSync(path, 'utf8').split('\n').length - 1
  } catch {
    return 0
  }
}

test('a 2013 directory is imported with its Redis, and by its logs', async () => {
  const redis = await RedisServer.start()
  const original = new Store2013(temporaryDirectory(), redis.client)
  await original.addFile()
  await original.put('a%20b.jpg', 'photo')
  await original.put('lost.jpg', 'Redis does not know it', { inRedis: false })
  const address = `127.0.0.1:${redis.port}`
  const withRedis = temporaryDirectory()
  const first = await backpack(['import', '--from-2013', original.directory, '--redis', address, withRedis])
  expect(first).toMatchObject({ code: 0, stderr: '', stdout: 'Imported 1 blob (5 B)\n' })
  const byLogs = await backpack([
    'import',
    '--from-2013',
    original.directory,
    temporaryDirectory(),
    '--verify',
  ])
  expect(byLogs.stdout).toBe('Imported 2 blobs (27 B)\nRead back 2 blobs: 0 differ.\n')
  const store = await openStore({ path: withRedis })
  expect((await store.get('a b.jpg'))?.data.toString()).toBe('photo')
})

test('wrong arguments, and what cannot be reached, are told apart by exit codes and never by a stack', async () => {
  const root = makeTree()
  const port = await freePort()
  const cases: [string[], number, string][] = [
    [['import'], 2, 'source'],
    [['import', root], 2, '--url'],
    [['import', root, 'data', '--url', 'http://127.0.0.1:1'], 2, 'not both'],
    [['import', root, 'data', '--redis', '127.0.0.1:6379'], 2, '--from-2013'],
    [['import', '--from-2013', root, 'one', 'two'], 2, 'one path'],
    [['import', '--from-2013', root, temporaryDirectory()], 1, 'no data of a 2013 store'],
    [['import', join(root, 'missing'), 'data'], 1, 'no such file'],
    [['import', root, join(root, 'data')], 1, 'imported into itself'],
    [['import', root, temporaryDirectory(), '--report', join(root, 'r')], 1, 'somewhere else'],
    [['import', root, '--url', `http://127.0.0.1:${port}`], 1, 'cannot be reached'],
  ]
  for (const [args, code, message] of cases) {
    const result = await backpack(args)
    expect([args, result.code, result.stderr]).toEqual([args, code, expect.stringContaining(message)])
    expect(result.stderr).not.toContain('    at ')
  }
})
