// What a client knows of a store that may die at any moment: per name what was acknowledged and what was under way.
import type { SeededRandom } from './seeded-random.js'

const poolBytes = 4 * 1024 * 1024
const largeBytes = 2_000_000

/** A state of a name: never stored, deleted, or a blob whose bytes `generation` and `sizeBytes` decide. */
export type NameState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'blob'; readonly generation: number; readonly sizeBytes: number }

interface Entry {
  acknowledged: NameState
  underWay: NameState | undefined
}

export class CrashJournal {
  readonly #random: SeededRandom
  readonly #pool: Buffer
  readonly #entries: Entry[]
  #generation = 0
  acknowledgedPuts = 0
  acknowledgedDeletes = 0
  /** Operations that a crash cut off, and how many of them turned out to have happened. */
  cutOff = 0
  cutOffDone = 0

  constructor(random: SeededRandom, { names }: { names: number }) {
    this.#random = random
    this.#pool = random.bytes(poolBytes)
    this.#entries = Array.from({ length: names }, () => ({
      acknowledged: { kind: 'absent' },
      underWay: undefined,
    }))
  }

  get names(): number {
    return this.#entries.length
  }

  nameOf(index: number): string {
    return `crash/é ${index}.jpg`
  }

  /** The bytes of a blob: other ones for each name and generation. */
  dataOf(index: number, { generation, sizeBytes }: NameState & { kind: 'blob' }): Buffer {
    const start = (index * 7919 + generation * 104_729) % (poolBytes - largeBytes)
    const data = Buffer.from(this.#pool.subarray(start, start + sizeBytes))
    for (let at = 0; at < Math.min(4, sizeBytes); at++) data[at] = generation >>> (8 * at)
    return data
  }

  acknowledged(index: number): NameState {
    return this.#entry(index).acknowledged
  }

  /** Chooses what to do next to a name that nothing is under way for; undefined when there is none. */
  begin(): { index: number; next: NameState } | undefined {
    const index = this.#random.between(0, this.names - 1)
    const entry = this.#entry(index)
    if (entry.underWay !== undefined) return undefined
    const deletes = entry.acknowledged.kind === 'blob' && this.#random.chance(0.2)
    const next: NameState = deletes
      ? { kind: 'deleted' }
      : { kind: 'blob', generation: ++this.#generation, sizeBytes: this.#sizeBytes() }
    entry.underWay = next
    return { index, next }
  }

  /** Mostly small, some up to 200 KB, a few of 2 MB. The generation fills the first four bytes. */
  #sizeBytes(): number {
    const kind = this.#random.next()
    if (kind < 0.65) return this.#random.between(1, 4096)
    return kind < 0.98 ? this.#random.between(1, 200_000) : largeBytes
  }

  acknowledge(index: number): void {
    const entry = this.#entry(index)
    if (entry.underWay === undefined) throw new Error('Nothing is under way')
    if (entry.underWay.kind === 'blob') this.acknowledgedPuts++
    else this.acknowledgedDeletes++
    entry.acknowledged = entry.underWay
    entry.underWay = undefined
  }

  /** Compares what the store has now: `seen` is undefined for 404, 'deleted' for 410, else the data. Throws when wrong. */
  settle(index: number, seen: Buffer | 'deleted' | undefined): void {
    const { acknowledged, underWay } = this.#entry(index)
    const found = [acknowledged, underWay].find(
      (state) => state !== undefined && this.#matches(index, state, seen),
    )
    if (found === undefined) {
      throw new Error(
        `${this.nameOf(index)} is ${describeSeen(seen)}; acknowledged was ${JSON.stringify(acknowledged)}, ` +
          `under way ${JSON.stringify(underWay)}`,
      )
    }
    if (underWay !== undefined) this.cutOff++
    if (underWay !== undefined && found === underWay) this.cutOffDone++
    this.#entries[index] = { acknowledged: found, underWay: undefined }
  }

  #matches(index: number, state: NameState, seen: Buffer | 'deleted' | undefined): boolean {
    if (state.kind === 'absent') return seen === undefined
    if (state.kind === 'deleted') return seen === 'deleted'
    return Buffer.isBuffer(seen) && seen.equals(this.dataOf(index, state))
  }

  #entry(index: number): Entry {
    return this.#entries[index] as Entry
  }
}

function describeSeen(seen: Buffer | 'deleted' | undefined): string {
  if (!Buffer.isBuffer(seen)) return seen ?? 'absent'
  return `${seen.length} bytes of generation ${seen.length >= 4 ? seen.readUInt32LE(0) : '?'}`
}
