import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { Store, type StoreOptions } from '../src/index.js'
import { temporaryDirectory } from './helpers/temporary-directory.js'

async function openStore(path: string, options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = await Store.open({ path, reserveBytes: 0, ...options })
  onTestFinished(() => store.close())
  return store
}

test('a blob put from a buffer is read back whole, after reopening too', async () => {
  const path = temporaryDirectory()
  const store = await openStore(path)
  const put = await store.put('cats/1.jpg', Buffer.from('meow'), { contentType: 'image/jpeg' })
  expect(put).toMatchObject({ created: true, sizeBytes: 4, contentType: 'image/jpeg' })
  expect((await store.get('cats/1.jpg'))?.data.toString()).toBe('meow')
  await store.close()
  const again = await openStore(path)
  expect(await again.head('cats/1.jpg')).toEqual((({ created, ...info }) => info)(put))
  expect((await again.get('cats/1.jpg'))?.data.toString()).toBe('meow')
})

test('a large stream is stored in chunks and any range of it is read back', async () => {
  const store = await openStore(temporaryDirectory())
  const data = Buffer.alloc(3_000_000, 'abcdefghijk')
  await store.put('big', Readable.from([data.subarray(0, 777_777), data.subarray(777_777)]))
  expect((await store.get('big'))?.data.equals(data)).toBe(true)
  for (const range of [
    { start: 0, end: 0 },
    { start: 262_143, end: 262_144 },
    { start: 5, end: 2_999_999 },
  ]) {
    expect((await store.get('big', { range }))?.data.equals(data.subarray(range.start, range.end + 1))).toBe(
      true,
    )
  }
})

test('an overwrite wins, a delete hides, and both survive reopening', async () => {
  const path = temporaryDirectory()
  const store = await openStore(path)
  await store.put('a', Buffer.from('one'))
  await store.put('a', Buffer.from('two'))
  await store.put('b', Buffer.from('gone'))
  expect(await store.delete('b')).toMatchObject({ outcome: 'deleted' })
  expect(await store.delete('b')).toMatchObject({ outcome: 'gone' })
  expect(await store.delete('never')).toMatchObject({ outcome: 'missing' })
  await store.close()
  const again = await openStore(path)
  expect((await again.get('a'))?.data.toString()).toBe('two')
  expect(await again.get('b')).toBeUndefined()
  expect((await again.openBlob('b'))?.deleted).toBe(true)
  expect(await again.openBlob('never')).toBeUndefined()
})

test('scan gives every live blob once, with and without data, and goes on behind a cursor', async () => {
  const store = await openStore(temporaryDirectory(), { volumeBytesMax: 64 * 1024 })
  for (let blob = 0; blob < 300; blob++) await store.put(`n${blob}`, Buffer.alloc(1000, blob))
  await store.put('n7', Buffer.from('newer'))
  await store.delete('n8')
  for (const withData of [false, true]) {
    const names: string[] = []
    let after: string | undefined
    for await (const { info, cursor, data } of store.scan({ withData })) {
      names.push(info.name)
      if (withData && info.name === 'n7') expect(data?.toString()).toBe('newer')
      if (names.length === 150) {
        after = cursor
        break
      }
    }
    for await (const { info } of store.scan({ withData, after })) names.push(info.name)
    expect(names).toHaveLength(299)
    expect(new Set(names).size).toBe(299)
    expect(names).not.toContain('n8')
  }
})
