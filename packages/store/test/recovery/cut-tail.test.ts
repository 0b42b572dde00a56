// A volume that ends anywhere inside its last three needles opens again to exactly the needles that are whole.
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Store } from '../../src/index.js'
import { type Contents, expectContents, fillStore } from '../helpers/filled-store.js'
import { unsyncedFiles } from '../helpers/unsynced-files.js'
import { indexPath, needlesOf, volumePath } from '../helpers/volume-on-disk.js'

/** What the first `count` needles of the volume amount to. */
async function contentsOfPrefix(path: string, count: number): Promise<Contents> {
  const bytes = readFileSync(volumePath(path))
  const contents: Contents = new Map()
  for (const needle of (await needlesOf(path)).slice(0, count)) {
    const dataStart = needle.offsetBytes + 32 + needle.name.length + needle.contentTypeLength
    const data = Buffer.from(bytes.subarray(dataStart, dataStart + needle.dataLength))
    contents.set(needle.name.toString(), needle.tombstone ? undefined : data)
  }
  return contents
}

test.each([
  { index: 'that covers more than is left', keepsIndex: true },
  { index: 'that is lost', keepsIndex: false },
])('a volume cut at every byte of its last three needles, with an index $index', async ({ keepsIndex }) => {
  const { path } = await fillStore()
  const volume = readFileSync(volumePath(path))
  const index = readFileSync(indexPath(path))
  const needles = await needlesOf(path)
  const prefixes = await Promise.all(needles.map((_, count) => contentsOfPrefix(path, count)))
  const from = needles.at(-3)?.offsetBytes as number
  expect(needles.at(-2)?.tombstone).toBe(true)
  for (let size = from; size < volume.length; size++) {
    writeFileSync(volumePath(path), volume.subarray(0, size))
    if (keepsIndex) writeFileSync(indexPath(path), index)
    else rmSync(indexPath(path), { force: true })
    const whole = needles.filter(({ offsetBytes, lengthBytes }) => offsetBytes + lengthBytes <= size).length
    const contents = new Map(prefixes[whole])
    let store = await Store.open({ path, reserveBytes: 0, files: unsyncedFiles })
    expect(store.recovery[0]).toMatchObject({ adopted: whole, damagedRegions: 0 })
    await expectContents(store, contents)
    expect(statSync(volumePath(path)).size).toBe(needles[whole]?.offsetBytes)
    await store.put('after', Buffer.from(`the cut at ${size}`))
    await store.close()
    contents.set('after', Buffer.from(`the cut at ${size}`))
    store = await Store.open({ path, reserveBytes: 0, files: unsyncedFiles })
    await expectContents(store, contents)
    await store.close()
  }
  console.log(`volume cut at ${volume.length - from} bytes`)
})
