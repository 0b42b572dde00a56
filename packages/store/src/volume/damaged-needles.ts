// Needles that did not verify when they were read: a digest leaves them out, so that a replica's copy heals them.

/** More are forgotten, the oldest first: they are found again when they are read again. */
const needlesMax = 10_000

interface Place {
  readonly volumeId: number
  readonly offsetBytes: number
}

export class DamagedNeedles {
  readonly #places = new Set<string>()

  note(place: Place): void {
    this.#places.add(keyOf(place))
    if (this.#places.size <= needlesMax) return
    const [oldest = ''] = this.#places
    this.#places.delete(oldest)
  }

  has(place: Place): boolean {
    return this.#places.size > 0 && this.#places.has(keyOf(place))
  }
}

function keyOf({ volumeId, offsetBytes }: Place): string {
  return `${volumeId}:${offsetBytes}`
}
