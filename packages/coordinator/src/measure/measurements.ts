// What the choice of a shard goes by, beside the model: what the nodes say of themselves, how uploads to them went, and how
// full a disk may become. Plain values of one moment, so that the choice is a pure function of them.

export interface NodeFigures {
  /** Of volumes and index logs, uploads since the node was asked included. */
  readonly usedBytes: number
  /** What the node's disk takes until its reserve is reached; undefined when the node does not say. */
  readonly availableBytes: number | undefined
  /** Blobs that are not deleted, uploads since the node was asked included; undefined when the node cannot tell. */
  readonly blobs: number | undefined
}

export interface WriteMeasurement {
  /** Microseconds per byte of recent uploads, failures and the tendency included. */
  readonly usPerByte: number
  /** From 1 for a fresh measurement down to 0 for one of long ago, which says nothing any more. */
  readonly confidence: number
}

export interface NodeMeasurement {
  /** Whether its last answer was one. */
  readonly up: boolean
  /** Undefined when it never said, or not for a while. */
  readonly figures: NodeFigures | undefined
  /** Undefined when nothing was uploaded there lately. */
  readonly write: WriteMeasurement | undefined
}

/** Both of 0 to 1: the part of a shard's capacity that an upload leaves free. */
export interface FreeSpaceLimits {
  /** A shard with less is used only when nothing better exists. */
  readonly soft: number
  /** A shard never gets less. */
  readonly hard: number
}

/** Without a configuration shards are filled to the last byte, as in 2013. */
export const noFreeSpaceLimits: FreeSpaceLimits = Object.freeze({ soft: 0, hard: 0 })

export interface Measurements {
  readonly freeSpaceLimits: FreeSpaceLimits
  /** Bytes on their way to a shard, by its id: not yet in any size. */
  readonly inFlightBytes: ReadonlyMap<string, number>
  /** Uploads on their way to a shard, by its id. */
  readonly inFlightUploads: ReadonlyMap<string, number>
  /** What a node is taken to need that nothing is known of: as much as the usual one that was measured. */
  readonly usualUsPerByte: number
  readonly node: (id: string) => NodeMeasurement
  /** 0 up to and without 1. */
  readonly random: () => number
}
