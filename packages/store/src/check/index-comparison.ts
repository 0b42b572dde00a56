// Walks over the records of an index log beside the needles of its volume: both come in order of offset.
import type { IndexRecord } from '../index/index-format.js'
import type { DamagedRegion, IndexDifference } from './check-report.js'

const examplesMax = 20
const namesMax = 10

export class IndexComparison {
  readonly #records: AsyncIterator<IndexRecord, void>
  #next: IndexRecord | undefined
  #started = false
  readonly #differences: IndexDifference[] = []
  records = 0
  missing = 0
  extra = 0
  differing = 0
  unindexed = 0

  constructor(records: AsyncIterator<IndexRecord, void>) {
    this.#records = records
  }

  /** The first few differences. */
  get differences(): readonly IndexDifference[] {
    return this.#differences
  }

  /** Compares the next needle of the volume; `expected` is whether the log should know it. */
  async needle(needle: IndexRecord, expected: boolean): Promise<void> {
    await this.#passExtra(needle.offsetBytes)
    const record = this.#next
    if (record?.offsetBytes !== needle.offsetBytes) {
      if (expected) this.#count('missing', needle)
      else this.unindexed++
      return
    }
    if (!isSame(record, needle)) this.#count('differs', needle)
    await this.#advance()
  }

  /** What the log knows of a damaged region of the volume. */
  async damage({
    offsetBytes,
    lengthBytes,
  }: {
    offsetBytes: number
    lengthBytes: number
  }): Promise<DamagedRegion> {
    await this.#passExtra(offsetBytes)
    const names: string[] = []
    let needles = 0
    let quarantined = false
    while (this.#next !== undefined && this.#next.offsetBytes < offsetBytes + lengthBytes) {
      if (this.#next.damage) {
        quarantined ||= this.#next.offsetBytes === offsetBytes && this.#next.lengthBytes === lengthBytes
      } else {
        needles++
        if (names.length < namesMax) names.push(this.#next.name.toString('utf8'))
      }
      await this.#advance()
    }
    return { offsetBytes, lengthBytes, quarantined, needles, names }
  }

  /** Every record left has no needle. */
  async finish(): Promise<void> {
    await this.#passExtra(Number.POSITIVE_INFINITY)
  }

  async #passExtra(toBytes: number): Promise<void> {
    if (!this.#started) {
      this.#started = true
      await this.#advance()
    }
    while (this.#next !== undefined && this.#next.offsetBytes < toBytes) {
      this.#count('extra', this.#next)
      await this.#advance()
    }
  }

  async #advance(): Promise<void> {
    const result = await this.#records.next()
    this.#next = result.done === true ? undefined : result.value
    if (this.#next !== undefined) this.records++
  }

  #count(kind: IndexDifference['kind'], { offsetBytes, name }: IndexRecord): void {
    if (kind === 'differs') this.differing++
    else this[kind]++
    if (this.#differences.length < examplesMax) {
      this.#differences.push({ kind, offsetBytes, name: name.toString('utf8') })
    }
  }
}

function isSame(record: IndexRecord, needle: IndexRecord): boolean {
  return (
    !record.damage &&
    record.version === needle.version &&
    record.tombstone === needle.tombstone &&
    record.lengthBytes === needle.lengthBytes &&
    record.dataChecksum === needle.dataChecksum &&
    record.contentTypeLength === needle.contentTypeLength &&
    record.name.equals(needle.name)
  )
}
