// Numbers and bytes that a seed decides, so that a random test which failed can be run again: the seed is printed,
// and BACKPACK_TEST_SEED sets it.
import { randomInt } from 'node:crypto'

export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 up to and without 1 (mulberry32, public domain, by Tommy Ettinger). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, `least` and `most` included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  pick<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)] as T
  }

  bytes(lengthBytes: number): Buffer {
    const bytes = Buffer.alloc(lengthBytes)
    for (let at = 0; at < lengthBytes; at++) bytes[at] = this.next() * 256
    return bytes
  }
}

/** A generator whose seed is printed together with what it is for. */
export function printedRandom(purpose: string): SeededRandom {
  const seed = Number(process.env['BACKPACK_TEST_SEED'] ?? randomInt(2 ** 32 - 1))
  console.log(`${purpose}: seed ${seed}`)
  return new SeededRandom(seed)
}
