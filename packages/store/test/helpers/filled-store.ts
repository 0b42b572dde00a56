// A closed store on disk, filled with a few small blobs, for tests that damage its files and open it again.
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { Store, type StoreOptions } from '../../src/index.js'
import { temporaryDirectory } from './temporary-directory.js'

/** Names with their data; `undefined` for a deleted one. */
export type Contents = Map<string, Buffer | undefined>

/** Blobs of 1 to some hundred bytes with names of many kinds, one overwritten and one deleted. */
export async function fillStore(
  options: Partial<StoreOptions> = {},
): Promise<{ path: string; contents: Contents }> {
  const path = temporaryDirectory()
  const store = await Store.open({ path, reserveBytes: 0, ...options })
  const contents: Contents = new Map()
  const puts: [string, Buffer][] = [
    ['a', Buffer.from('1')],
    ['cats/1.jpg', Buffer.alloc(120, 'meow')],
    ['🐈?size=large', Buffer.alloc(77, 'x')],
    ['../dogs', Buffer.alloc(8, 'woof')],
    ['overwritten', Buffer.from('the old one')],
    ['deleted', Buffer.from('soon gone')],
    ['overwritten', Buffer.from('the new one')],
  ]
  for (const [name, data] of puts) {
    await store.put(name, data, { contentType: 'image/jpeg' })
    contents.set(name, data)
  }
  await store.delete('deleted')
  contents.set('deleted', undefined)
  await store.put('last', Buffer.alloc(40, 'z'))
  contents.set('last', Buffer.alloc(40, 'z'))
  await store.close()
  return { path, contents }
}

/** A copy of a data directory, to be damaged. */
export function copyStore(path: string): string {
  const copy = join(temporaryDirectory(), 'copy')
  cpSync(path, copy, { recursive: true })
  return copy
}

/** Every name answers as expected, and scan() lists exactly the live ones. */
export async function expectContents(store: Store, contents: Contents): Promise<void> {
  for (const [name, data] of contents) {
    const blob = await store.openBlob(name)
    if (data === undefined) expect(blob?.deleted ?? true, name).toBe(true)
    else expect((await store.get(name))?.data.equals(data), name).toBe(true)
  }
  const listed: string[] = []
  for await (const { info } of store.scan()) listed.push(info.name)
  const live = [...contents].filter(([, data]) => data !== undefined).map(([name]) => name)
  expect(listed.sort()).toEqual(live.sort())
}
