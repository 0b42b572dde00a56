// Uploads may hold anything, also needles: bytes inside a blob are never taken for a needle of the volume.
import { readFileSync, rmSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { test } from 'vitest'
import { encodeNeedlePrefix, paddingLength, volumeSeed } from '../../src/needle/needle-format.js'
import { Store } from '../../src/index.js'
import type { IndexRecord } from '../../src/index/index-format.js'
import { type Contents, expectContents, fillStore } from '../helpers/filled-store.js'
import { flipBit, indexPath, needlesOf, saltOf, volumePath } from '../helpers/volume-on-disk.js'

/** A whole, valid needle of this volume, for the given offset. */
function forgeNeedle(path: string, offsetBytes: number, name: string): Buffer {
  const data = Buffer.from('never uploaded under this name')
  const prefix = encodeNeedlePrefix(
    {
      name: Buffer.from(name),
      contentType: Buffer.alloc(0),
      version: 0x00ff_ffff_ffff_0000n,
      tombstone: false,
      dataLength: data.length,
      dataChecksum: crc32(data),
      chunkChecksums: [],
    },
    { seed: volumeSeed(saltOf(path)), offsetBytes },
  )
  return Buffer.concat([prefix, data, Buffer.alloc(paddingLength(prefix.length + data.length))])
}

/** Puts the blob between two others, opens the store without its index, sound and with the blob damaged. */
async function expectNeverAdopted({ path, contents }: { path: string; contents: Contents }, data: Buffer) {
  let store = await Store.open({ path, reserveBytes: 0 })
  await store.put('outer', data)
  await store.put('behind', Buffer.from('a neighbour'))
  await store.close()
  contents.set('outer', data)
  contents.set('behind', Buffer.from('a neighbour'))
  const expectReopened = async () => {
    rmSync(indexPath(path))
    store = await Store.open({ path, reserveBytes: 0 })
    await expectContents(store, contents)
    await store.close()
  }
  await expectReopened()
  const outer = (await needlesOf(path)).find(({ name }) => name.toString() === 'outer') as IndexRecord
  contents.delete('outer')
  for (const [at, bit] of [
    [outer.offsetBytes + 32 + 5, 0],
    [outer.offsetBytes + 8, 6],
    [outer.offsetBytes, 1],
  ] as const) {
    flipBit(volumePath(path), at, bit)
    await expectReopened()
    flipBit(volumePath(path), at, bit)
  }
  flipBit(volumePath(path), outer.offsetBytes + 32 + 5 + data.length - 1, 2)
  await expectReopened()
}

test("needles built with the volume's own salt for other offsets, at every alignment, are not adopted", async () => {
  const filled = await fillStore()
  const places = [0, 64, 72, 4096, 2 ** 20].map((offset) =>
    forgeNeedle(filled.path, offset, `forged ${offset}`),
  )
  const shifted = Array.from({ length: 8 }, (_, shift) =>
    Buffer.concat([Buffer.alloc(shift), ...places, Buffer.alloc(8 - shift)]),
  )
  await expectNeverAdopted(filled, Buffer.concat(shifted))
})

test('a copy of the volume itself, uploaded as a blob, is not adopted', async () => {
  const filled = await fillStore()
  await expectNeverAdopted(filled, readFileSync(volumePath(filled.path)))
})

test('a large upload that holds a whole volume many times over is not adopted', async () => {
  const filled = await fillStore()
  const volume = readFileSync(volumePath(filled.path))
  const data = Buffer.concat(Array.from({ length: Math.ceil(1_100_000 / volume.length) }, () => volume))
  const store = await Store.open({ path: filled.path, reserveBytes: 0 })
  await store.put('outer', data)
  await store.close()
  filled.contents.set('outer', data)
  for (const volumeId of [1, 2]) rmSync(indexPath(filled.path, volumeId), { force: true })
  const again = await Store.open({ path: filled.path, reserveBytes: 0 })
  await expectContents(again, filled.contents)
  await again.close()
})

test('a needle image that is cut off by the end of the volume leaves the names as they were', async () => {
  const filled = await fillStore()
  const sizeBytes = readFileSync(volumePath(filled.path)).length
  await expectNeverAdopted(filled, forgeNeedle(filled.path, sizeBytes, 'forged').subarray(0, 60))
})
