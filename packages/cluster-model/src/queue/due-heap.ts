// A binary heap of things that wait for a time, each of which knows its place in it, so that it can be taken out of the middle.

export interface Waiting {
  dueMs: number
  /** Its place; -1 when it is in no heap. Kept by the heap. */
  heapAt: number
}

export class DueHeap<Item extends Waiting> {
  readonly #items: Item[] = []

  get size(): number {
    return this.#items.length
  }

  /** The one that is due first. */
  get first(): Item | undefined {
    return this.#items[0]
  }

  add(item: Item): void {
    this.#items.push(item)
    this.#rise(item, this.#items.length - 1)
  }

  remove(item: Item): void {
    const at = item.heapAt
    if (at === -1) return
    item.heapAt = -1
    const last = this.#items.pop() as Item
    if (last === item) return
    this.#rise(last, at)
    this.#sink(last, last.heapAt)
  }

  #rise(item: Item, from: number): void {
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = this.#items[above] as Item
      if (parent.dueMs <= item.dueMs) break
      this.#put(parent, at)
      at = above
    }
    this.#put(item, at)
  }

  #sink(item: Item, from: number): void {
    let at = from
    while (true) {
      const left = this.#items[2 * at + 1]
      const right = this.#items[2 * at + 2]
      const sooner = right !== undefined && left !== undefined && right.dueMs < left.dueMs ? right : left
      if (sooner === undefined || sooner.dueMs >= item.dueMs) break
      const below = sooner.heapAt
      this.#put(sooner, at)
      at = below
    }
    this.#put(item, at)
  }

  #put(item: Item, at: number): void {
    this.#items[at] = item
    item.heapAt = at
  }
}
