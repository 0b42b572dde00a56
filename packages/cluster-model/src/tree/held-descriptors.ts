// Descriptor numbers that nothing else may get for a while. A socket that npm `zookeeper` has closed because a request met a
// broken link stays in its poll handle until it looks for a server again. With the number free or given away meanwhile the
// event loop aborts, another client crashes the process, or a socket of Node is never heard of again.
import fs from 'node:fs'

/** Can be polled, which the event loop may be about to do, and is always ready: then the client looks for a server at once. */
const standIn = '/dev/random'

/** What is held counts against the limit of the process. */
const heldMax = 1_024

export class HeldDescriptors {
  #highest = -1
  readonly #held: number[] = []

  /** To be called while the socket is open: its number is at most the highest one in use. Ends hold(). */
  note(): void {
    this.release()
    this.#highest = highestInUse()
  }

  /** To be called right after the socket was closed: takes its number, with all that are free below the one noted. */
  hold(): void {
    if (this.#held.length > 0) return
    try {
      for (let last = -1; last < this.#highest && this.#held.length < heldMax; ) {
        last = fs.openSync(standIn, 'r')
        this.#held.push(last)
      }
    } catch {
      // No descriptor is left, so nobody else gets the number either; or there is no such file, and it is as it was.
    }
  }

  release(): void {
    for (const descriptor of this.#held.splice(0)) fs.closeSync(descriptor)
  }
}

/** -1 where the system does not tell. */
function highestInUse(): number {
  try {
    return fs.readdirSync('/dev/fd').reduce((highest, name) => Math.max(highest, Number(name)), -1)
  } catch {
    return -1
  }
}
