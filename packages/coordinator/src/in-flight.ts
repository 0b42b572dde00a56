// What is on its way to each shard from this coordinator: a choice made now counts it before the model does.

export class InFlight {
  readonly #bytes = new Map<string, number>()
  readonly #uploads = new Map<string, number>()

  get bytesByShard(): ReadonlyMap<string, number> {
    return this.#bytes
  }

  get uploadsByShard(): ReadonlyMap<string, number> {
    return this.#uploads
  }

  /** An upload of so many bytes; remove() must follow with the same. */
  add(shardId: string, sizeBytes: number): void {
    change(this.#bytes, shardId, sizeBytes)
    change(this.#uploads, shardId, 1)
  }

  remove(shardId: string, sizeBytes: number): void {
    change(this.#bytes, shardId, -sizeBytes)
    change(this.#uploads, shardId, -1)
  }
}

function change(counts: Map<string, number>, shardId: string, by: number): void {
  const left = (counts.get(shardId) ?? 0) + by
  if (left > 0) counts.set(shardId, left)
  else counts.delete(shardId)
}
