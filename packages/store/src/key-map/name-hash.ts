// HalfSipHash-1-3 with 64 bits of output (Aumasson and Bernstein's SipHash on 32-bit words): quick without native
// code, and keyed, so that nobody can upload names that all meet in one place of the table.

export const hashKeyBytes = 8

export class NameHash {
  readonly #key0: number
  readonly #key1: number
  readonly #mask: number
  /** The result of the last call of hash(): two unsigned 32-bit halves, set instead of returned to spare an object. */
  high = 0
  low = 0

  /** `bits` (1..64) keeps only that many bits of the result, for tests that need collisions. */
  constructor(key: Buffer, bits = 64) {
    this.#key0 = key.readInt32LE(0)
    this.#key1 = key.readInt32LE(4)
    this.#mask = bits
  }

  hash(bytes: Uint8Array, start: number, end: number): void {
    let v0 = this.#key0
    let v1 = this.#key1 ^ 0xee
    let v2 = 0x6c796765 ^ this.#key0
    let v3 = 0x74656462 ^ this.#key1
    const length = end - start
    const wordsEnd = end - (length & 3)
    let at = start
    while (true) {
      let word: number
      const last = at >= wordsEnd
      if (last) {
        word = length << 24
        const left = end - at
        if (left > 2) word |= (bytes[at + 2] as number) << 16
        if (left > 1) word |= (bytes[at + 1] as number) << 8
        if (left > 0) word |= bytes[at] as number
      } else {
        word =
          (bytes[at] as number) |
          ((bytes[at + 1] as number) << 8) |
          ((bytes[at + 2] as number) << 16) |
          ((bytes[at + 3] as number) << 24)
      }
      v3 ^= word
      v0 = (v0 + v1) | 0
      v1 = (v1 << 5) | (v1 >>> 27)
      v1 ^= v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = (v3 << 8) | (v3 >>> 24)
      v3 ^= v2
      v0 = (v0 + v3) | 0
      v3 = (v3 << 7) | (v3 >>> 25)
      v3 ^= v0
      v2 = (v2 + v1) | 0
      v1 = (v1 << 13) | (v1 >>> 19)
      v1 ^= v2
      v2 = (v2 << 16) | (v2 >>> 16)
      v0 ^= word
      if (last) break
      at += 4
    }
    v2 ^= 0xee
    for (let half = 0; half < 2; half++) {
      for (let round = 0; round < 3; round++) {
        v0 = (v0 + v1) | 0
        v1 = (v1 << 5) | (v1 >>> 27)
        v1 ^= v0
        v0 = (v0 << 16) | (v0 >>> 16)
        v2 = (v2 + v3) | 0
        v3 = (v3 << 8) | (v3 >>> 24)
        v3 ^= v2
        v0 = (v0 + v3) | 0
        v3 = (v3 << 7) | (v3 >>> 25)
        v3 ^= v0
        v2 = (v2 + v1) | 0
        v1 = (v1 << 13) | (v1 >>> 19)
        v1 ^= v2
        v2 = (v2 << 16) | (v2 >>> 16)
      }
      if (half === 0) {
        this.low = (v1 ^ v3) >>> 0
        v1 ^= 0xdd
      } else {
        this.high = (v1 ^ v3) >>> 0
      }
    }
    if (this.#mask < 64) this.#keepBits(this.#mask)
  }

  #keepBits(bits: number): void {
    if (bits <= 32) {
      this.high = 0
      this.low = bits === 32 ? this.low : this.low & (2 ** bits - 1)
    } else {
      this.high = this.high & (2 ** (bits - 32) - 1)
    }
  }
}
