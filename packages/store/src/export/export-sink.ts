import type { ScanEntry } from '../scan.js'

/** The port to where blobs are exported to. One blob at a time. */
export interface ExportSink {
  /** On return the blob is there whole; 'escaped': not under its own name. */
  write(entry: ScanEntry): Promise<'written' | 'escaped'>
  /** Leaves nothing half-written behind. */
  close(): Promise<void>
}
