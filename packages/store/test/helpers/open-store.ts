import { onTestFinished } from 'vitest'
import { Store, type StoreOptions } from '../../src/index.js'
import { temporaryDirectory } from './temporary-directory.js'

/** A store on a directory of its own (or the one given) that uses the whole disk and is closed when the test ends. */
export async function openStore(options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = await Store.open({ reserveBytes: 0, ...options, path: options.path ?? temporaryDirectory() })
  onTestFinished(() => store.close())
  return store
}
