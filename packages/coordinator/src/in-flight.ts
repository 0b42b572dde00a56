// Bytes on their way to each shard from this coordinator: a choice made now counts them before the model does.

export class InFlightBytes {
  readonly #bytes = new Map<string, number>()

  get byShard(): ReadonlyMap<string, number> {
    return this.#bytes
  }

  add(shardId: string, sizeBytes: number): void {
    this.#bytes.set(shardId, (this.#bytes.get(shardId) ?? 0) + sizeBytes)
  }

  remove(shardId: string, sizeBytes: number): void {
    const left = (this.#bytes.get(shardId) ?? 0) - sizeBytes
    if (left > 0) this.#bytes.set(shardId, left)
    else this.#bytes.delete(shardId)
  }
}
