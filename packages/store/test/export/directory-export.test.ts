import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { DirectorySink } from '../../src/export/directory-sink.js'
import { ownFolder } from '../../src/export/export-path.js'
import { type ExportSummary, runExport } from '../../src/export/run-export.js'
import type { Store } from '../../src/index.js'
import { openStore } from '../helpers/open-store.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'

async function exportTo(
  target: string,
  store: Store,
  {
    after,
    signal = new AbortController().signal,
    onBlob = () => {},
  }: {
    after?: string | undefined
    signal?: AbortSignal
    onBlob?: () => void
  } = {},
): Promise<ExportSummary> {
  const sink = await DirectorySink.open(target, { continued: after !== undefined })
  try {
    const { summary, failure } = await runExport({ store, sink, after, signal, onBlob })
    expect(failure).toBeUndefined()
    return summary
  } finally {
    await sink.close()
  }
}

/** Path below the target, and contents, of every file. */
function filesBelow(target: string): Map<string, string> {
  const files = readdirSync(target, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort()
  return new Map(paths.map((path) => [relative(target, path), readFileSync(path, 'latin1')]))
}

function escapedIn(target: string): { name: string; path: string; reason: string }[] {
  const lines = readFileSync(join(target, ownFolder, 'escaped.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
  return lines.map((line) => JSON.parse(line) as { name: string; path: string; reason: string })
}

test('every blob becomes a file with its bytes and its time, deleted and old ones do not', async () => {
  const store = await openStore()
  const large = Buffer.alloc(3_000_000, 'large')
  await store.put('a.jpg', Buffer.from('old'))
  await store.put('a.jpg', Buffer.from('photo'))
  await store.put('deep/er/b', Buffer.from('b'))
  await store.put('deep/large', large)
  await store.put('gone', Buffer.from('gone'))
  await store.delete('gone')
  const target = join(temporaryDirectory(), 'new', 'target')
  const summary = await exportTo(target, store)
  expect(summary).toMatchObject({
    blobs: 3,
    bytes: 3_000_006,
    escaped: 0,
    damagedRegions: 0,
    interrupted: false,
  })
  expect(filesBelow(target)).toEqual(
    new Map([
      ['a.jpg', 'photo'],
      ['deep/er/b', 'b'],
      ['deep/large', large.toString('latin1')],
    ]),
  )
  const modifiedAtMs = (await store.head('a.jpg'))?.modifiedAtMs ?? 0
  expect(Math.abs(statSync(join(target, 'a.jpg')).mtimeMs - modifiedAtMs)).toBeLessThan(2)
  expect(readdirSync(target)).toEqual(['a.jpg', 'deep'])
})

test('names that lead out of the target, or are no path, are written inside under other names, and listed', async () => {
  const store = await openStore()
  const outside = temporaryDirectory()
  const target = join(outside, 'target')
  const names = ['../out', '/etc/out', 'a/../../out', '..', '.', 'x//y', 'x/', `${ownFolder}/escaped.ndjson`]
  names.push('y'.repeat(300), 'fine')
  for (const name of names) await store.put(name, Buffer.from(`data of ${name}`))
  const summary = await exportTo(target, store)
  expect(summary).toMatchObject({ blobs: names.length, escaped: names.length - 1 })
  expect(readdirSync(outside)).toEqual(['target'])
  const listed = escapedIn(target)
  expect(listed.map(({ name }) => name)).toEqual(names.slice(0, -1))
  for (const { name, path } of listed)
    expect(readFileSync(join(target, path), 'utf8')).toBe(`data of ${name}`)
  expect(readdirSync(target).sort()).toEqual([ownFolder, 'fine'])
})

test('a name that is also the folder of another keeps its place only once', async () => {
  for (const order of [
    ['a', 'a/b', 'a/b/c'],
    ['a/b/c', 'a/b', 'a'],
  ]) {
    const store = await openStore()
    for (const name of order) await store.put(name, Buffer.from(name))
    const target = temporaryDirectory()
    expect(await exportTo(target, store)).toMatchObject({ blobs: 3, escaped: 2 })
    const [first = ''] = order
    expect(readFileSync(join(target, first), 'utf8')).toBe(first)
    for (const { name, path } of escapedIn(target))
      expect(readFileSync(join(target, path), 'utf8')).toBe(name)
  }
})

test('links in the target are not followed', async () => {
  const store = await openStore()
  const target = temporaryDirectory()
  const outside = temporaryDirectory()
  writeFileSync(join(outside, 'file'), 'untouched')
  symlinkSync(outside, join(target, 'folder'))
  symlinkSync(join(outside, 'file'), join(target, 'file'))
  await store.put('folder/x', Buffer.from('x'))
  await store.put('file', Buffer.from('y'))
  expect(await exportTo(target, store)).toMatchObject({ blobs: 2, escaped: 1 })
  expect(filesBelow(outside)).toEqual(new Map([['file', 'untouched']]))
  expect(readFileSync(join(target, 'file'), 'utf8')).toBe('y')

  const trap = temporaryDirectory()
  symlinkSync(outside, join(trap, ownFolder))
  await expect(DirectorySink.open(trap, { continued: false })).rejects.toMatchObject({ code: 'ENOTDIR' })
})

test('an interrupted export stops behind a whole blob, and its cursor goes on exactly there', async () => {
  const store = await openStore({ volumeBytesMax: 200_000 })
  const expected = new Map<string, string>()
  for (let blob = 0; blob < 100; blob++) {
    expected.set(`b${blob}`, `${blob}`.repeat(1_000))
    await store.put(`b${blob}`, Buffer.from(`${blob}`.repeat(1_000)))
  }
  await store.put('..', Buffer.from('escaped in the second part'))
  const target = temporaryDirectory()
  const abort = new AbortController()
  let blobs = 0
  const stopped = await exportTo(target, store, {
    signal: abort.signal,
    onBlob() {
      if (++blobs === 40) abort.abort()
    },
  })
  expect(stopped).toMatchObject({ blobs: 40, interrupted: true, cursor: expect.any(String) as string })
  expect(filesBelow(target).size).toBe(40)
  const rest = await exportTo(target, store, { after: stopped.cursor })
  expect(rest).toMatchObject({ blobs: 61, escaped: 1 })
  const files = filesBelow(target)
  for (const [name, data] of expected) expect(files.get(name)).toBe(data)
  expect(files.size).toBe(102)
})

test('damaged blobs are left out and counted, the others are exported', async () => {
  const path = temporaryDirectory()
  const store = await openStore({ path })
  for (let blob = 0; blob < 5; blob++) await store.put(`b${blob}`, Buffer.alloc(2_000, 97 + blob))
  await store.close()
  const volume = join(path, 'volumes', '00000001.volume')
  const bytes = readFileSync(volume)
  bytes.write('X', bytes.indexOf('cccc'))
  writeFileSync(volume, bytes)
  const beside = await openStore({ path, readOnly: true })
  const target = temporaryDirectory()
  mkdirSync(join(target, 'there'), { recursive: true })
  expect(await exportTo(target, beside)).toMatchObject({ blobs: 4, damagedRegions: 1 })
  expect([...filesBelow(target).keys()]).toEqual(['b0', 'b1', 'b3', 'b4'])
})
