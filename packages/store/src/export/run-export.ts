// Hands every blob of a store to a sink, in volume order.
import type { BlobInfo } from '../blob-info.js'
import type { Store } from '../store.js'
import type { ExportSink } from './export-sink.js'

export interface ExportSummary {
  readonly blobs: number
  readonly bytes: number
  /** Blobs that could not keep their names as paths. */
  readonly escaped: number
  /** Damaged stretches of volumes: whatever they held is not exported. */
  readonly damagedRegions: number
  /** Behind the last blob exported: where to go on. Undefined when there was none. */
  readonly cursor: string | undefined
  readonly interrupted: boolean
}

export interface ExportOptions {
  readonly store: Store
  readonly sink: ExportSink
  readonly after: string | undefined
  readonly signal: AbortSignal
  readonly onBlob: (info: BlobInfo) => void
}

/** An aborted signal ends the export behind a whole blob; so does an error, which is then the `failure`. */
export async function runExport(
  options: ExportOptions,
): Promise<{ summary: ExportSummary; failure: unknown }> {
  const { store, sink, after, signal, onBlob } = options
  let blobs = 0
  let bytes = 0
  let escaped = 0
  let damagedRegions = 0
  let cursor = after
  let failure: unknown
  const onDamage = () => {
    damagedRegions++
  }
  try {
    for await (const entry of store.scan({ after, withData: true, onDamage })) {
      if (signal.aborted) break
      if ((await sink.write(entry)) === 'escaped') escaped++
      blobs++
      bytes += entry.info.sizeBytes
      cursor = entry.cursor
      onBlob(entry.info)
    }
  } catch (error) {
    failure = error
  }
  const summary = { blobs, bytes, escaped, damagedRegions, cursor, interrupted: signal.aborted }
  return { summary, failure }
}
