// What a store should hold, name by name, and a check of everything one can ask it.
import { expect } from 'vitest'
import { StoreError, type Store } from '../../src/index.js'

const patienceMs = 20_000
const askedAtOnce = 50

/** Name → text of its blob; 'deleted' names map to undefined. */
export type Listing = Map<string, string | undefined>

/** The store answers exactly this, by name and in a scan. */
export async function expectListing(store: Store, listing: Listing): Promise<void> {
  const answers: Listing = new Map()
  const names = [...listing.keys()]
  for (let at = 0; at < names.length; at += askedAtOnce) {
    await Promise.all(
      names.slice(at, at + askedAtOnce).map(async (name) => answers.set(name, await answerOf(store, name))),
    )
  }
  expect(answers).toEqual(listing)
  const scanned: string[] = []
  for await (const { info } of store.scan()) scanned.push(info.name)
  const live = [...listing].filter(([, text]) => text !== undefined).map(([name]) => name)
  expect(scanned.sort()).toEqual(live.sort())
}

async function answerOf(store: Store, name: string): Promise<string | undefined> {
  const blob = await whenBack(() => store.openBlob(name))
  expect(blob, `${JSON.stringify(name)} is known`).toBeDefined()
  return blob?.deleted === true ? undefined : (await whenBack(() => store.get(name)))?.data.toString()
}

/** The answer, as soon as the key map is there; any other rejection fails the test. */
export async function whenBack<T>(ask: () => Promise<T>): Promise<T> {
  const deadlineMs = Date.now() + patienceMs
  while (true) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'KEY_MAP_AWAY' || Date.now() > deadlineMs)
        throw error
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

export async function put(store: Store, listing: Listing, name: string, text: string): Promise<void> {
  await whenBack(() => store.put(name, Buffer.from(text)))
  listing.set(name, text)
}

export async function remove(store: Store, listing: Listing, name: string): Promise<void> {
  await whenBack(() => store.delete(name))
  listing.set(name, undefined)
}
