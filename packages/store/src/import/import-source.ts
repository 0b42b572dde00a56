// The port to where blobs are imported from: a directory tree, or the data directory of a 2013 store.

/** One blob to import. */
export interface ImportItem {
  readonly kind: 'item'
  /** Where it comes from, for people. */
  readonly origin: string
  /** A valid name. */
  readonly name: string
  readonly sizeBytes: number
  readonly contentType: string | undefined
  /** All its bytes, in pieces. May be called again. */
  open(): AsyncIterable<Buffer>
}

/** Something that cannot be imported. */
export interface ImportRefusal {
  readonly kind: 'refusal'
  readonly origin: string
  /** 'skipped': nothing a store could hold, such as a link; 'failed': somebody should look at it. */
  readonly outcome: 'skipped' | 'failed'
  readonly reason: string
}

export type ImportFinding = ImportItem | ImportRefusal

export interface ImportSource {
  /** What measure() counts. */
  readonly unit: 'bytes' | 'blobs'
  /** How much there is, roughly: for an estimate. */
  measure(signal: AbortSignal): Promise<number>
  /** Everything there is. A blob may come twice. May be called again. */
  findings(): AsyncIterable<ImportFinding>
  close(): Promise<void>
}
