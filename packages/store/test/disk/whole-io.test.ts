import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readFully, writeFully } from '../../src/disk/whole-io.js'
import { printedRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { TroubledDisk } from '../helpers/troubled-disk.js'

async function openFile() {
  const disk = new TroubledDisk()
  const file = await disk.open(join(temporaryDirectory(), 'file'), 'wx+')
  onTestFinished(() => file.close())
  return { disk, file }
}

test('writes that are cut short anywhere end as the same bytes', async () => {
  const random = printedRandom('short writes')
  const { disk, file } = await openFile()
  for (const shorten of [() => 1, (length: number) => random.between(1, length)]) {
    disk.shorten = shorten
    const buffers = Array.from({ length: 40 }, () => random.bytes(random.between(0, 50)))
    await writeFully(file, buffers, 7)
    const written = Buffer.concat(buffers)
    const read = Buffer.alloc(written.length)
    expect(await readFully(file, read, 7)).toBe(written.length)
    expect(read.equals(written)).toBe(true)
  }
})

test('more buffers than one call takes are all written', async () => {
  const { file } = await openFile()
  const buffers = Array.from({ length: 3_000 }, (_, at) => Buffer.from([at & 255, at >> 8]))
  await writeFully(file, buffers, 0)
  const read = Buffer.alloc(6_000)
  expect(await readFully(file, read, 0)).toBe(6_000)
  expect(read.equals(Buffer.concat(buffers))).toBe(true)
})

test('a write that writes nothing is a full disk, not an endless loop', async () => {
  const { disk, file } = await openFile()
  disk.shorten = () => 0
  await expect(writeFully(file, [Buffer.from('x')], 0)).rejects.toMatchObject({ code: 'ENOSPC' })
  await writeFully(file, [Buffer.alloc(0)], 0)
})

test('reading past the end gives what there is', async () => {
  const { file } = await openFile()
  await writeFully(file, [Buffer.from('abc')], 0)
  const buffer = Buffer.alloc(10)
  expect(await readFully(file, buffer, 1)).toBe(2)
  expect(await readFully(file, buffer, 3)).toBe(0)
})
