// What this replicator has done since it was opened.

export class ReplicatorCounters {
  /** Blobs stored at a target. */
  copied = 0
  copiedBytes = 0
  /** Tombstones written at a target. */
  deleted = 0
  /** Tasks that were closed without a change: done before, overtaken, or of a node that left. */
  closed = 0
  /** Attempts that did not end a task. */
  failed = 0
  /** Tasks set aside. */
  parked = 0
  /** Comparisons of a shard that came to their end. */
  repairs = 0
  /** Blobs and tombstones that repairs brought to a node. */
  repaired = 0
  /** Called with the duration of each task that ended well. */
  onDone: (seconds: number) => void = () => undefined
}
