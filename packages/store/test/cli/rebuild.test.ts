import fs from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Store } from '../../src/index.js'
import { runDaemon } from '../helpers/daemon.js'
import { openStore } from '../helpers/open-store.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { thrownBy } from '../helpers/thrown.js'
import { backpack, useBuiltCli } from './built-cli.js'

useBuiltCli()

const blobCount = 200

/** A directory with several volumes, closed; some blobs are overwritten and some deleted. */
async function filledDirectory(): Promise<{ path: string; listing: string[] }> {
  const path = temporaryDirectory()
  const store = await openStore({ path, volumeBytesMax: 32 * 1024, durability: 'os' })
  for (let blob = 0; blob < blobCount; blob++) await store.put(`n${blob}`, Buffer.alloc(500, blob))
  for (let blob = 0; blob < blobCount; blob += 7) await store.put(`n${blob}`, Buffer.from('newer'))
  for (let blob = 0; blob < blobCount; blob += 11) await store.delete(`n${blob}`)
  const listing = await listingOf(store)
  await store.close()
  return { path, listing }
}

async function listingOf(store: Store): Promise<string[]> {
  const entries: string[] = []
  for await (const { info } of store.scan()) entries.push(`${info.name} ${info.etag}`)
  return entries.sort()
}

function indexFiles(path: string): string[] {
  const folder = join(path, 'volumes')
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.index'))
    .map((name) => join(folder, name))
}

/** Flips a byte of the data of a blob and gives the store's volume file back to its reader. */
async function damage(path: string, name: string): Promise<void> {
  const store = await openStore({ path, readOnly: true })
  const { location, sizeBytes } = (await store.head(name)) ?? { location: undefined, sizeBytes: 0 }
  await store.close()
  if (location === undefined) throw new Error(`${name} is not there`)
  const volume = join(path, 'volumes', `${String(location.volumeId).padStart(8, '0')}.volume`)
  const file = fs.openSync(volume, 'r+')
  fs.writeSync(file, '!', location.offsetBytes + 32 + name.length + Math.floor(sizeBytes / 2))
  fs.closeSync(file)
}

test('index logs that are lost, cut or full of garbage are written anew from the volumes', async () => {
  const { path, listing } = await filledDirectory()
  const [first = '', second = '', third = ''] = indexFiles(path)
  fs.rmSync(first)
  fs.truncateSync(second, 100)
  fs.writeFileSync(third, Buffer.alloc(5_000, 'garbage'))
  const { code, stdout, stderr } = await backpack(['rebuild', path])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^Rebuilt the index logs of \d volumes \(\d+(\.\d)? KB\): 2\d\d needles\n$/)
  const store = await openStore({ path })
  expect(await listingOf(store)).toEqual(listing)
  expect(store.recovery.every(({ adopted, indexRewritten }) => adopted === 0 && !indexRewritten)).toBe(true)
})

test('--json tells what was rebuilt, and nothing else stands in the directory afterwards', async () => {
  const { path } = await filledDirectory()
  const before = fs.readdirSync(path, { recursive: true }).sort()
  const { stdout } = await backpack(['rebuild', path, '--json'])
  const volumes = JSON.parse(stdout) as { needles: number }[]
  expect(volumes).toHaveLength(indexFiles(path).length)
  expect(volumes[0]).toMatchObject({ volumeId: 1, damagedBytes: 0, damagedNeedles: 0 })
  expect(volumes.reduce((sum, { needles }) => sum + needles, 0)).toBeGreaterThan(blobCount)
  expect(fs.readdirSync(path, { recursive: true }).sort()).toEqual(before)
})

test('a blob with damaged data keeps its name: it is answered as damaged, never as missing', async () => {
  const { path, listing } = await filledDirectory()
  // n7 was overwritten: forgotten, the older blob would come back. n196 is the newest of its volume's end.
  for (const name of ['n7', 'n20', 'n196']) await damage(path, name)
  const { code, stderr } = await backpack(['rebuild', path])
  expect(code).toBe(0)
  expect(stderr).toContain('with damaged data')
  const store = await openStore({ path })
  expect(await listingOf(store)).toEqual(listing)
  for (const name of ['n7', 'n20', 'n196'])
    expect((await thrownBy(store.get(name))).code).toBe('BLOB_DAMAGED')
})

test('a volume with a damaged superblock is rebuilt with the help of its index log', async () => {
  const { path, listing } = await filledDirectory()
  const file = fs.openSync(join(path, 'volumes', '00000001.volume'), 'r+')
  fs.writeSync(file, '????', 0)
  fs.closeSync(file)
  expect((await backpack(['rebuild', path])).code).toBe(0)
  expect(await listingOf(await openStore({ path }))).toEqual(listing)
})

test('a volume that cannot be read fails the command and keeps its index log', async () => {
  const { path } = await filledDirectory()
  const [first = ''] = indexFiles(path)
  fs.writeFileSync(first, 'garbage')
  fs.writeFileSync(first.replace('.index', '.volume'), Buffer.alloc(1_000))
  const { code, stderr } = await backpack(['rebuild', path])
  expect(code).toBe(1)
  expect(stderr).toContain('VOLUME_UNREADABLE')
  expect(fs.readFileSync(first, 'utf8')).toBe('garbage')
})

test('rebuild is refused while a daemon runs, with its pid', async () => {
  const { path } = await runDaemon()
  const { code, stderr } = await backpack(['rebuild', path])
  expect(code).toBe(1)
  expect(stderr).toContain(`is in use by process ${process.pid}`)
})
