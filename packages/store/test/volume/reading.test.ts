// Every size of blob at which something in the engine changes, by every way of reading.
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { chunkBytes, wholeChecksumBytesMax } from '../../src/needle/needle-format.js'
import { openStore } from '../helpers/open-store.js'
import { SeededRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { thrownBy } from '../helpers/thrown.js'

const around = (bytes: number) => [bytes - 1, bytes, bytes + 1]
const sizes = [
  1,
  7,
  8,
  ...around(64 * 1024),
  ...around(chunkBytes),
  wholeChecksumBytesMax - 2_000,
  ...around(wholeChecksumBytesMax),
  wholeChecksumBytesMax + 2_000,
  ...around(5 * chunkBytes),
]

test.each(sizes)(
  'a blob of %i bytes reads back by every way, before and after reopening',
  async (sizeBytes) => {
    const path = temporaryDirectory()
    let store = await openStore({ path })
    const data = new SeededRandom(sizeBytes).bytes(sizeBytes)
    const given = ['short', 'n'.repeat(1024)]
    const streamed = ['short, streamed', 's'.repeat(1024)]
    for (const name of given) await store.put(name, data, { contentType: 'image/jpeg' })
    for (const name of streamed) {
      await store.put(
        name,
        Readable.from([data.subarray(0, 5), data.subarray(5)].filter(({ length }) => length > 0)),
      )
    }
    for (let opening = 0; opening < 2; opening++) {
      for (const name of [...given, ...streamed]) {
        expect((await store.get(name))?.data.equals(data)).toBe(true)
        if (sizeBytes <= wholeChecksumBytesMax)
          expect((await store.openBlob(name))?.data?.equals(data)).toBe(true)
        const unread = await store.openBlob(name, { withData: false })
        const parts: Buffer[] = []
        for await (const part of unread?.stream() ?? []) parts.push(part as Buffer)
        expect(Buffer.concat(parts).equals(data)).toBe(true)
        const range = { start: sizeBytes >> 1, end: sizeBytes - 1 }
        expect((await store.get(name, { range }))?.data.equals(data.subarray(range.start))).toBe(true)
        expect((await store.head(name))?.sizeBytes).toBe(sizeBytes)
      }
      await store.close()
      store = await openStore({ path })
    }
  },
)

test.each([
  { start: 0, end: 10 },
  { start: 10, end: 10 },
  { start: 5, end: 4 },
  { start: -1, end: 3 },
  { start: 0.5, end: 3 },
  { start: 0, end: Number.NaN },
])('the range $start to $end of ten bytes is RANGE_INVALID', async (range) => {
  const store = await openStore()
  await store.put('x', Buffer.from('0123456789'))
  expect(await thrownBy(store.get('x', { range }))).toMatchObject({
    code: 'RANGE_INVALID',
    details: { sizeBytes: 10 },
  })
})

test('a store that is closed says so, and closing again does no harm', async () => {
  const store = await openStore()
  await store.put('x', Buffer.from('1'))
  await Promise.all([store.close(), store.close()])
  for (const work of [
    () => store.get('x'),
    () => store.put('x', Buffer.from('2')),
    () => store.delete('x'),
    () => store.addVolume(),
  ]) {
    expect((await thrownBy(work())).code).toBe('STORE_CLOSED')
  }
})

test('puts under way when the store is closed are either acknowledged and stored or refused', async () => {
  const path = temporaryDirectory()
  const store = await openStore({ path })
  const puts = Array.from({ length: 30 }, (_, at) => store.put(`${at}`, Buffer.from(`data ${at}`)))
  const [results] = await Promise.all([Promise.allSettled(puts), store.close()])
  const again = await openStore({ path })
  for (const [at, result] of results.entries()) {
    if (result.status === 'fulfilled') {
      expect((await again.get(`${at}`))?.data.toString()).toBe(`data ${at}`)
    } else {
      expect(result.reason).toMatchObject({ code: 'STORE_CLOSED' })
    }
  }
})
