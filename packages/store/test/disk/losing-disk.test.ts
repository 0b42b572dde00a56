// The disk that the power cut tests stand on has to forget what it should, and nothing else.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FileImage } from '../helpers/file-image.js'
import { LosingDisk } from '../helpers/losing-disk.js'
import { printedRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'

function makeDisk() {
  const root = temporaryDirectory()
  const after = join(temporaryDirectory(), 'after')
  return { root, after, disk: new LosingDisk(root) }
}

test('only what was written before a sync is there after a power cut', async () => {
  const { root, after, disk } = makeDisk()
  const file = await disk.open(join(root, 'a'), 'wx+')
  await disk.syncDirectory(root)
  await file.write([Buffer.from('synced')], 0)
  await file.dataSync()
  await file.write([Buffer.from(' lost')], 6)
  await file.truncate(3)
  disk.powerCut(after)
  expect(readFileSync(join(after, 'a'), 'utf8')).toBe('synced')
  await expect(file.write([Buffer.from('x')], 0)).rejects.toThrow(/plug/)
  await file.close()
})

test('a synced file whose folder was not synced is lost, and so is a new folder', async () => {
  const { root, after, disk } = makeDisk()
  mkdirSync(join(root, 'folder'))
  const file = await disk.open(join(root, 'folder/a'), 'wx+')
  await file.write([Buffer.from('data')], 0)
  await file.dataSync()
  await disk.syncDirectory(join(root, 'folder'))
  await file.close()
  disk.powerCut(after)
  expect(existsSync(join(after, 'folder'))).toBe(false)
  await disk.syncDirectory(root).catch(() => undefined)
  expect(existsSync(join(after, 'folder'))).toBe(false)
})

test('a rename is there after the folder was synced, and either name before', async () => {
  for (const synced of [false, true]) {
    const { root, after, disk } = makeDisk()
    const file = await disk.open(join(root, 'a.tmp'), 'wx+')
    await file.write([Buffer.from('data')], 0)
    await file.dataSync()
    await disk.syncDirectory(root)
    await disk.rename(join(root, 'a.tmp'), join(root, 'a'))
    if (synced) await disk.syncDirectory(root)
    await file.close()
    disk.powerCut(after)
    expect(readFileSync(join(after, synced ? 'a' : 'a.tmp'), 'utf8')).toBe('data')
    expect(existsSync(join(after, synced ? 'a.tmp' : 'a'))).toBe(false)
  }
})

test('with a generator an unsynced write may survive in sectors, and a synced one always does', () => {
  const random = printedRandom('torn writes')
  const seen = new Set<string>()
  for (let round = 0; round < 1_000; round++) {
    const image = new FileImage(Buffer.alloc(512, 's'))
    image.begin('write', 512, Buffer.alloc(1_024, 'u'))
    const content = image.afterPowerCut(random).toString('latin1')
    expect(content.slice(0, 512)).toBe('s'.repeat(512))
    seen.add(content.slice(512).replaceAll('u'.repeat(512), 'U').replaceAll('\0'.repeat(512), '0'))
  }
  expect([...seen].sort()).toEqual(['', '00', '0U', 'U', 'U0', 'UU'])
})
