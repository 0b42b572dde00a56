// Descriptor numbers that nothing else may get for a while. A socket that npm `zookeeper` has closed because a request met a
// broken link stays in its poll handle until it looks for a server again. With the number free or given away meanwhile the
// event loop aborts, another client crashes the process, or a socket of Node is never heard of again.
import fs from 'node:fs'

/** Can be polled, which the event loop may be about to do, and is always ready: then the client looks for a server at once. */
const standIn = '/dev/random'

/** What is opened for that counts against the limit of the process. */
const openedMax = 1_024

export class HeldDescriptors {
  #inUse: ReadonlySet<number> = new Set()
  #highest = -1
  readonly #held: number[] = []

  /** To be called while the socket is open: its number is one of those in use. Ends hold(). */
  note(): void {
    this.release()
    this.#inUse = descriptorsInUse()
    this.#highest = Math.max(-1, ...this.#inUse)
  }

  /** To be called right after the socket was closed: takes each number that was in use then and is free now. */
  hold(): void {
    if (this.#held.length > 0) return
    const opened: number[] = []
    try {
      // The system gives the lowest that is free.
      while (opened.length < openedMax && (opened.at(-1) ?? -1) < this.#highest) {
        opened.push(fs.openSync(standIn, 'r'))
      }
    } catch {
      // No descriptor is left, so nobody else gets the number either; or there is no such file, and it is as it was.
    }
    for (const descriptor of opened) {
      if (this.#inUse.has(descriptor)) this.#held.push(descriptor)
      else fs.closeSync(descriptor)
    }
  }

  release(): void {
    for (const descriptor of this.#held.splice(0)) fs.closeSync(descriptor)
  }
}

/** None where the system does not tell. */
function descriptorsInUse(): ReadonlySet<number> {
  try {
    return new Set(fs.readdirSync('/dev/fd').map(Number))
  } catch {
    return new Set()
  }
}
