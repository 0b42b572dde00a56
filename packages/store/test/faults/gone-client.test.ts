// A sender that goes away in the middle of an upload leaves nothing: no name, no file, no memory taken.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test, vi } from 'vitest'
import type { PutOptions, Store } from '../../src/index.js'
import { openStore } from '../helpers/open-store.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { thrownBy } from '../helpers/thrown.js'

async function open() {
  const path = temporaryDirectory()
  return { path, store: await openStore({ path }) }
}

async function expectNothingLeft(store: Store, path: string): Promise<void> {
  expect(await store.openBlob('upload')).toBeUndefined()
  expect(readdirSync(join(path, 'incoming'))).toEqual([])
  const { bodyMemoryBytes, usedBytes, puts } = await store.stats()
  expect({ bodyMemoryBytes, usedBytes, puts: puts.count }).toEqual({
    bodyMemoryBytes: 0,
    usedBytes: 0,
    puts: 0,
  })
  await store.put('upload', Buffer.from('the next one'))
  expect((await store.get('upload'))?.data.toString()).toBe('the next one')
}

/** Gives parts of 100 KB up to a length, then does what the test wants. */
async function* parts(lengthBytes: number, then: () => void): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < lengthBytes; sent += 100_000) yield Buffer.alloc(100_000, 'x')
  then()
}

const lengths = [0, 500_000, 1_500_000, 5_000_000]

test.each(lengths)('a stream that fails after %i bytes', async (lengthBytes) => {
  const { store, path } = await open()
  const source = parts(lengthBytes, () => {
    throw new Error('connection reset by peer')
  })
  await expect(store.put('upload', source)).rejects.toThrow('connection reset by peer')
  await expectNothingLeft(store, path)
})

test.each(lengths)('a Node stream that is destroyed after %i bytes', async (lengthBytes) => {
  const { store, path } = await open()
  const source = Readable.from(parts(lengthBytes, () => source.destroy(new Error('aborted'))))
  await expect(store.put('upload', source)).rejects.toThrow()
  await expectNothingLeft(store, path)
})

test.each(lengths)('an upload that is aborted after %i bytes', async (lengthBytes) => {
  const { store, path } = await open()
  const controller = new AbortController()
  const source = parts(lengthBytes, () => controller.abort(new Error('the user left')))
  const error = await thrownBy(store.put('upload', source, { signal: controller.signal }))
  expect(error).toMatchObject({ code: 'ABORTED', cause: { message: 'the user left' } })
  await expectNothingLeft(store, path)
})

const misfits: [string, string, number, PutOptions][] = [
  ['too short', 'LENGTH_MISMATCH', 300_000, { sizeBytes: 400_000 }],
  ['too long', 'LENGTH_MISMATCH', 300_000, { sizeBytes: 200_000 }],
  ['too short and large', 'LENGTH_MISMATCH', 3_000_000, { sizeBytes: 4_000_000 }],
  ['too long and large', 'LENGTH_MISMATCH', 3_000_000, { sizeBytes: 2_000_000 }],
  ['empty', 'LENGTH_REQUIRED', 0, {}],
]

test.each(misfits)('an upload that is %s is %s', async (_, code, lengthBytes, options) => {
  const { store, path } = await open()
  const source = parts(lengthBytes, () => undefined)
  expect((await thrownBy(store.put('upload', source, options))).code).toBe(code)
  await expectNothingLeft(store, path)
})

test('an upload larger than allowed is BLOB_TOO_LARGE, announced or not', async () => {
  const path = temporaryDirectory()
  const store = await openStore({ path, blobBytesMax: 2_000_000 })
  const source = () => parts(3_000_000, () => undefined)
  expect((await thrownBy(store.put('upload', source()))).code).toBe('BLOB_TOO_LARGE')
  expect((await thrownBy(store.put('upload', source(), { sizeBytes: 3_000_000 }))).code).toBe(
    'BLOB_TOO_LARGE',
  )
  expect((await thrownBy(store.put('upload', Buffer.alloc(2_000_001)))).code).toBe('BLOB_TOO_LARGE')
  await expectNothingLeft(store, path)
})

test('many uploads that fail at once give all their memory back', async () => {
  const path = temporaryDirectory()
  const store = await openStore({ path, memoryBytesMax: 4 * 1024 * 1024 })
  const uploads = Array.from({ length: 60 }, (_, at) =>
    store.put(
      'upload',
      parts((at % 4) * 600_000, () => {
        throw new Error('gone')
      }),
    ),
  )
  const results = await Promise.allSettled(uploads)
  expect(results.every(({ status }) => status === 'rejected')).toBe(true)
  await expectNothingLeft(store, path)
})

test('a reader that goes away in the middle of a large blob gives its memory back', async () => {
  const { store } = await open()
  await store.put('large', Buffer.alloc(3_000_000, 'y'))
  const found = await store.getStream('large')
  for await (const part of found?.stream ?? []) {
    expect((part as Buffer).length).toBeGreaterThan(0)
    break
  }
  await vi.waitUntil(async () => (await store.stats()).bodyMemoryBytes === 0, { timeout: 20_000 })
})
