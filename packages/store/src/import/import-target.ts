// The port to where blobs are imported to: a data directory, or a daemon over HTTP.

export interface TargetBlob {
  readonly sizeBytes: number
  /** CRC-32 of the data. */
  readonly checksum: number
}

export interface TargetPut {
  readonly name: string
  readonly sizeBytes: number
  readonly contentType: string | undefined
  /** Refuse with PRECONDITION_FAILED when there is a blob of this name. */
  readonly onlyNew: boolean
  readonly signal: AbortSignal
  /** The bytes; called again when the upload has to be repeated. */
  open(): AsyncIterable<Buffer> | Buffer
}

export interface ImportTarget {
  /** What is stored under a name; undefined: nothing, or it was deleted. */
  head(name: string): Promise<TargetBlob | undefined>
  /** Stores a blob and gives the checksum that the store computed. */
  put(put: TargetPut): Promise<number>
  /** The bytes of a blob. Throws READ_FAILED when there is none. */
  read(name: string): AsyncIterable<Buffer>
  close(): Promise<void>
}
