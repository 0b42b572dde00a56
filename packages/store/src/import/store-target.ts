// Imports into a data directory that no daemon has open.
import { StoreError } from '../errors.js'
import type { Store } from '../store.js'
import type { ImportTarget, TargetBlob, TargetPut } from './import-target.js'

export class StoreTarget implements ImportTarget {
  readonly #store: Store

  /** Takes over the store: close() closes it. */
  constructor(store: Store) {
    this.#store = store
  }

  head(name: string): Promise<TargetBlob | undefined> {
    return this.#store.head(name)
  }

  async put({ name, sizeBytes, contentType, onlyNew, signal, open }: TargetPut): Promise<number> {
    const { checksum } = await this.#store.put(name, open(), {
      sizeBytes,
      contentType,
      signal,
      ifNoneMatch: onlyNew ? '*' : undefined,
    })
    return checksum
  }

  async *read(name: string): AsyncIterable<Buffer> {
    const found = await this.#store.getStream(name)
    if (found === undefined) throw new StoreError('READ_FAILED', 'There is no blob of this name')
    yield* found.stream as AsyncIterable<Buffer>
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}
