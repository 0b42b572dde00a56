import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import type { Store } from '../../src/index.js'
import { DirectorySource } from '../../src/import/directory-source.js'
import { HttpTarget } from '../../src/import/http-target.js'
import type { ImportFinding, ImportSource } from '../../src/import/import-source.js'
import type { ImportTarget } from '../../src/import/import-target.js'
import { importConcurrency, runImport } from '../../src/import/run-import.js'
import { StoreTarget } from '../../src/import/store-target.js'
import { runDaemon } from '../helpers/daemon.js'
import { openStore } from '../helpers/open-store.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { runToEnd } from './run.js'

const files: Record<string, Buffer> = {
  'a.jpg': Buffer.from('first'),
  'deep/er/b.png': Buffer.alloc(20_000, 'png'),
  'deep/large.bin': Buffer.alloc(3_000_001, 'large'),
  'emoji 😀 #?%41&.txt': Buffer.from('escaped on its way'),
  'no-extension': Buffer.from('x'),
}

function makeTree(): string {
  const root = temporaryDirectory()
  for (const [path, data] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), data)
  }
  return root
}

interface TargetCase {
  readonly title: string
  open(): Promise<{ store: Store; target: ImportTarget }>
}

/** Both targets are to do the same. */
const targets: TargetCase[] = [
  {
    title: 'a data directory',
    async open() {
      const store = await openStore()
      return { store, target: new StoreTarget(store) }
    },
  },
  {
    title: 'a daemon',
    async open() {
      const { store, url } = await runDaemon()
      return { store, target: new HttpTarget(new URL(url), { connectionsMax: importConcurrency }) }
    },
  },
]

test.each(targets)('a tree is imported into $title with names, types and bytes', async ({ open }) => {
  const { store, target } = await open()
  const { summary, results } = await runToEnd(new DirectorySource(makeTree()), target, { verify: true })
  expect(summary).toMatchObject({
    counts: { imported: 5, present: 0, failed: 0 },
    verified: 5,
    mismatched: 0,
    interrupted: false,
  })
  expect(summary.importedBytes).toBe(Object.values(files).reduce((sum, { length }) => sum + length, 0))
  for (const [name, data] of Object.entries(files)) {
    const found = await store.get(name)
    expect(found?.data.equals(data)).toBe(true)
    expect(results.find((result) => result.name === name)).toMatchObject({
      outcome: 'imported',
      sizeBytes: data.length,
      checksum: crc32(data),
    })
  }
  expect((await store.head('a.jpg'))?.contentType).toBe('image/jpeg')
  expect((await store.head('deep/er/b.png'))?.contentType).toBe('image/png')
  await target.close()
})

test.each(targets)(
  'a second import into $title leaves alone what is there and replaces what changed',
  async ({ open }) => {
    const { store, target } = await open()
    const root = makeTree()
    await runToEnd(new DirectorySource(root), target)
    const before = await store.head('no-extension')
    writeFileSync(join(root, 'a.jpg'), 'FIRST')
    const large = Buffer.from(files['deep/large.bin'] as Buffer)
    large.writeUInt8(1, 2_999_999)
    writeFileSync(join(root, 'deep/large.bin'), large)
    writeFileSync(join(root, 'new'), 'new')

    const kept = await runToEnd(new DirectorySource(root), target, { keep: true })
    expect(kept.summary.counts).toMatchObject({ imported: 1, present: 3, kept: 2, failed: 0 })
    expect((await store.get('a.jpg'))?.data.toString()).toBe('first')

    const replaced = await runToEnd(new DirectorySource(root), target, { verify: true })
    expect(replaced.summary).toMatchObject({
      counts: { imported: 2, present: 4 },
      verified: 6,
      mismatched: 0,
    })
    expect((await store.get('a.jpg'))?.data.toString()).toBe('FIRST')
    expect((await store.get('deep/large.bin'))?.data.equals(large)).toBe(true)
    expect((await store.head('no-extension'))?.version).toBe(before?.version)
    await target.close()
  },
)

test('links and empty files are skipped, names that cannot be are failures, the rest is imported', async () => {
  const store = await openStore()
  const root = makeTree()
  symlinkSync(join(root, 'a.jpg'), join(root, 'link.jpg'))
  symlinkSync(join(root, 'deep'), join(root, 'linked-folder'))
  writeFileSync(join(root, 'empty'), '')
  writeFileSync(Buffer.concat([Buffer.from(`${root}/latin-`), Buffer.from([0xe9])]), 'not UTF-8')
  writeFileSync(join(root, 'new\nline'), 'control')
  writeFileSync(join(root, 'stats'), 'reserved')
  const folder = join(root, ...Array.from({ length: 5 }, () => 'f'.repeat(204)))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'z'), '1,026 bytes')
  const { summary, results } = await runToEnd(new DirectorySource(root), new StoreTarget(store))
  expect(summary.counts).toEqual({ imported: 5, present: 0, kept: 0, skipped: 3, failed: 4 })
  const outcomes = results
    .filter(({ outcome }) => outcome !== 'imported')
    .map(({ origin, outcome }) => [origin.slice(0, 13), outcome])
  expect(outcomes).toEqual([
    ['empty', 'skipped'],
    ['fffffffffffff', 'failed'],
    ['latin-\\xe9', 'failed'],
    ['link.jpg', 'skipped'],
    ['linked-folder', 'skipped'],
    ['new\nline', 'failed'],
    ['stats', 'failed'],
  ])
})

test('a prefix stands before every name as it is', async () => {
  const store = await openStore()
  await runToEnd(new DirectorySource(makeTree(), { prefix: 'p-' }), new StoreTarget(store))
  expect((await store.get('p-a.jpg'))?.data.toString()).toBe('first')
})

test('an interrupted import stores whole blobs only, and the next one goes on', async () => {
  const store = await openStore()
  const root = temporaryDirectory()
  for (let file = 0; file < 200; file++) writeFileSync(join(root, `f${file}`), Buffer.alloc(5_000, file))
  writeFileSync(join(root, 'a-large'), Buffer.alloc(30_000_000, 'large'))
  const target = new StoreTarget(store)
  const abort = new AbortController()
  const results: string[] = []
  const summary = await runImport({
    source: new DirectorySource(root),
    target,
    keep: false,
    verify: true,
    signal: abort.signal,
    onResult({ outcome, origin }) {
      results.push(origin)
      expect(outcome).toBe('imported')
      if (results.length === 50) abort.abort()
    },
    onProgress() {},
    onVerify() {},
  })
  expect(summary.interrupted).toBe(true)
  expect(summary.verified).toBeUndefined()
  expect(summary.counts.imported).toBeGreaterThanOrEqual(50)
  expect(summary.counts.imported).toBeLessThan(50 + importConcurrency)
  for await (const { info } of store.scan()) {
    expect(info.sizeBytes).toBe(info.name === 'a-large' ? 30_000_000 : 5_000)
  }
  const rest = await runToEnd(new DirectorySource(root), target, { verify: true })
  // Small blobs that were under way are stored, though nobody counted them any more.
  expect(rest.summary.counts.present).toBeGreaterThanOrEqual(summary.counts.imported)
  expect(rest.summary.counts.present + rest.summary.counts.imported).toBe(201)
  expect(rest.summary.verified).toBe(201)
})

test('verification finds a blob that differs from its source, and one that is gone', async () => {
  const store = await openStore()
  const root = makeTree()
  const target = new StoreTarget(store)
  const meddling: ImportTarget = {
    head: (name) => target.head(name),
    put: (put) => target.put(put),
    read: (name) => (name === 'a.jpg' ? oneByteOff(target.read(name)) : target.read(name)),
    close: () => target.close(),
  }
  const { summary, results } = await runToEnd(new DirectorySource(root), meddling, { verify: true })
  expect(summary).toMatchObject({ verified: 4, mismatched: 1 })
  expect(results.filter(({ outcome }) => outcome === 'failed')).toMatchObject([{ name: 'a.jpg' }])
  const gone: ImportTarget = { ...meddling, head: (n) => target.head(n), read: () => target.read('nothing') }
  expect((await runToEnd(new DirectorySource(root), gone, { verify: true })).summary.mismatched).toBe(5)
})

async function* oneByteOff(data: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  for await (const bytes of data) yield Buffer.concat([bytes.subarray(0, -1), Buffer.from([0])])
}

test('an error after which nothing could be stored ends the import at once', async () => {
  const store = await openStore()
  const root = temporaryDirectory()
  for (let file = 0; file < 300; file++) writeFileSync(join(root, `f${file}`), `${file}`)
  await store.close()
  await expect(runToEnd(new DirectorySource(root), new StoreTarget(store))).rejects.toMatchObject({
    code: 'STORE_CLOSED',
  })
  const daemon = await runDaemon()
  await daemon.drain()
  const target = new HttpTarget(new URL(daemon.url), { connectionsMax: importConcurrency })
  await expect(runToEnd(new DirectorySource(root), target)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a file that is truncated while it is read is a failure of its own', async () => {
  const store = await openStore()
  const root = temporaryDirectory()
  writeFileSync(join(root, 'shrinks'), Buffer.alloc(2_000_000))
  writeFileSync(join(root, 'stays'), 'stays')
  const source = new DirectorySource(root)
  const found: ImportFinding[] = []
  for await (const finding of source.findings()) found.push(finding)
  writeFileSync(join(root, 'shrinks'), readFileSync(join(root, 'shrinks')).subarray(0, 1_999_999))
  const frozen: ImportSource = {
    unit: source.unit,
    measure: (signal: AbortSignal) => source.measure(signal),
    async *findings() {
      yield* found
    },
    close: () => source.close(),
  }
  const { summary, results } = await runToEnd(frozen, new StoreTarget(store))
  expect(summary.counts).toMatchObject({ imported: 1, failed: 1 })
  expect(results[0]).toMatchObject({ name: 'shrinks', outcome: 'failed' })
  expect(await store.head('shrinks')).toBeUndefined()
})
