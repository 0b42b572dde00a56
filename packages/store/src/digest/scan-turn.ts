// One walk over the index logs at a time: two would each take as long as both.
import { StoreError } from '../errors.js'

const waitingMax = 16

export class ScanTurn {
  readonly #waitMsMax: number
  readonly #waiting: (() => void)[] = []
  #taken = false

  constructor({ waitMsMax }: { waitMsMax: number }) {
    this.#waitMsMax = waitMsMax
  }

  /** Throws STORE_BUSY after the longest wait or behind too many others. Give back with release(). */
  async take(): Promise<void> {
    if (!this.#taken) {
      this.#taken = true
      return
    }
    if (this.#waiting.length >= waitingMax) throw busy()
    await new Promise<void>((resolve, reject) => {
      const wake = () => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(wake), 1)
        reject(busy())
      }, this.#waitMsMax)
      this.#waiting.push(wake)
    })
  }

  release(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#taken = false
    else next()
  }
}

function busy(): StoreError {
  return new StoreError('STORE_BUSY', 'Another digest is being made')
}
