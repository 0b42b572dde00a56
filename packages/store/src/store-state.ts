// The four states of a store, and the fifth that it cannot leave by itself: failed.
import { StoreError } from './errors.js'

export class StoreState {
  readonly #readOnly: boolean
  #state: 'open' | 'failed' | 'closing' | 'closed' = 'open'

  constructor({ readOnly }: { readOnly: boolean }) {
    this.#readOnly = readOnly
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  set(state: 'failed' | 'closing' | 'closed'): void {
    this.#state = state
  }

  /** Throws STORE_CLOSED. */
  requireReadable(): void {
    if (this.#state === 'open' || this.#state === 'failed') return
    throw new StoreError('STORE_CLOSED', 'The store is closed')
  }

  /** Throws READ_ONLY, STORE_FAILED, STORE_CLOSED. */
  requireWritable(): void {
    if (this.#readOnly) throw new StoreError('READ_ONLY', 'The store was opened to read only')
    if (this.#state === 'failed')
      throw new StoreError('STORE_FAILED', 'The store failed and must be restarted')
    if (this.#state !== 'open') throw new StoreError('STORE_CLOSED', 'The store is closed')
  }
}
