// The kernel may write less than it was asked to, without an error: blobs must come out whole.
import { expect, test } from 'vitest'
import { faultCount } from '../helpers/fault-count.js'
import { openStore } from '../helpers/open-store.js'
import { printedRandom, SeededRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { TroubledDisk } from '../helpers/troubled-disk.js'

async function expectIntactBlobs(disk: TroubledDisk, blobs: ReadonlyMap<string, Buffer>): Promise<void> {
  const path = temporaryDirectory()
  const store = await openStore({ path, files: disk })
  await Promise.all([...blobs].map(([name, data]) => store.put(name, data)))
  for (const [name, data] of blobs) expect((await store.get(name))?.data.equals(data), name).toBe(true)
  await store.close()
  const again = await openStore({ path })
  expect(again.recovery.every(({ adopted, tornBytes }) => adopted === 0 && tornBytes === 0)).toBe(true)
  for (const [name, data] of blobs) expect((await again.get(name))?.data.equals(data), name).toBe(true)
}

test('writes of one byte at a time give whole blobs', async () => {
  const disk = new TroubledDisk()
  disk.shorten = () => 1
  const random = new SeededRandom(1)
  const blobs = new Map(
    Array.from({ length: 10 }, (_, blob) => [`blob ${blob}`, random.bytes(random.between(1, 400))]),
  )
  await expectIntactBlobs(disk, blobs)
})

test('writes cut short at random give whole blobs, small and large', async () => {
  const random = printedRandom('short writes')
  const rounds = faultCount('stores written short', { short: 3, full: 30 })
  for (let round = 0; round < rounds; round++) {
    const disk = new TroubledDisk()
    disk.shorten = (lengthBytes) => (random.chance(0.3) ? lengthBytes : random.between(1, lengthBytes))
    const blobs = new Map(
      Array.from({ length: 30 }, (_, blob) => [
        `blob ${blob}`,
        random.bytes(blob === 0 ? 1_200_000 : random.between(1, 9_000)),
      ]),
    )
    await expectIntactBlobs(disk, blobs)
  }
})
