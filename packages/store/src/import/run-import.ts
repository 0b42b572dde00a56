// Imports everything a source finds, several blobs at a time, and counts what became of it.
import { connectionErrors } from './http-target.js'
import { importBlob, verifyBlob } from './import-blob.js'
import type { ImportItem, ImportRefusal, ImportSource } from './import-source.js'
import type { ImportTarget } from './import-target.js'

export const importConcurrency = 16

/** After these the next blob would fail too. */
const fatalCodes = new Set([
  'DISK_FULL',
  'STORE_FAILED',
  'STORE_CLOSED',
  'READ_ONLY',
  'KEY_MAP_AWAY',
  'SIGNATURE_REQUIRED',
  'SIGNATURE_INVALID',
  'EMFILE',
])

export const importOutcomes = ['imported', 'present', 'kept', 'skipped', 'failed'] as const
export type ImportOutcome = (typeof importOutcomes)[number]

/** What became of one file. */
export interface ImportResult {
  readonly origin: string
  /** Undefined when it could not have a name. */
  readonly name: string | undefined
  readonly sizeBytes: number | undefined
  readonly checksum: number | undefined
  readonly outcome: ImportOutcome
  readonly reason: string | undefined
}

export interface ImportSummary {
  readonly counts: Readonly<Record<ImportOutcome, number>>
  /** Bytes of the blobs imported. */
  readonly importedBytes: number
  /** Blobs read back and found equal; undefined when that was not asked for. */
  readonly verified: number | undefined
  /** Blobs that were read back and are not what the source has. */
  readonly mismatched: number
  readonly interrupted: boolean
}

export interface ImportOptions {
  readonly source: ImportSource
  readonly target: ImportTarget
  /** Leave a blob alone that has the name already, whatever it holds. */
  readonly keep: boolean
  /** Afterwards read every blob back and compare it with its source. */
  readonly verify: boolean
  readonly signal: AbortSignal
  readonly onResult: (result: ImportResult) => void
  /** Called once per blob as it is done with, its bytes or 1, as the source's unit says. */
  readonly onProgress: (by: number) => void
  /** Called before blobs are read back. */
  readonly onVerify: () => void
}

/**
 * A summary, also after the signal was aborted: what was under way is then given up, and a later run goes on. Rejects
 * with the error of the target after which no blob could be stored.
 */
export async function runImport(options: ImportOptions): Promise<ImportSummary> {
  const counts = { imported: 0, present: 0, kept: 0, skipped: 0, failed: 0 }
  let importedBytes = 0
  const note = (result: ImportResult) => {
    counts[result.outcome]++
    if (result.outcome === 'imported') importedBytes += result.sizeBytes ?? 0
    options.onResult(result)
  }
  await forEachItem(options, {
    refused: (refusal) => note({ ...refusal, name: undefined, sizeBytes: undefined, checksum: undefined }),
    async item(item, signal) {
      const { origin, name, sizeBytes } = item
      try {
        const imported = await importBlob(item, { ...options, signal })
        note({ origin, name, sizeBytes, ...imported, reason: undefined })
      } catch (error) {
        if (signal.aborted) return
        if (isFatal(error)) throw error
        const reason = (error as Error).message
        note({ origin, name, sizeBytes, checksum: undefined, outcome: 'failed', reason })
      }
    },
  })
  const verification =
    options.verify && !options.signal.aborted ? await verify(options) : { verified: undefined, mismatched: 0 }
  return { counts, importedBytes, ...verification, interrupted: options.signal.aborted }
}

async function verify(options: ImportOptions): Promise<{ verified: number; mismatched: number }> {
  let verified = 0
  let mismatched = 0
  options.onVerify()
  await forEachItem(options, {
    refused() {},
    async item(item, signal) {
      let reason = 'read back, it differs from its source'
      try {
        if (await verifyBlob(item, options.target)) {
          verified++
          return
        }
      } catch (error) {
        if (signal.aborted) return
        if (isFatal(error)) throw error
        reason = `it could not be read back: ${(error as Error).message}`
      }
      mismatched++
      const { origin, name, sizeBytes } = item
      options.onResult({ origin, name, sizeBytes, checksum: undefined, outcome: 'failed', reason })
    },
  })
  return { verified, mismatched }
}

/** Shows every finding, at most `importConcurrency` items at a time; the first error ends all. */
async function forEachItem(
  { source, signal, onProgress }: ImportOptions,
  visit: {
    refused: (refusal: ImportRefusal) => void
    item: (item: ImportItem, signal: AbortSignal) => Promise<void>
  },
): Promise<void> {
  const findings = source.findings()[Symbol.asyncIterator]()
  const failure = new AbortController()
  const stop = AbortSignal.any([signal, failure.signal])
  const work = async () => {
    while (!stop.aborted) {
      const next = await findings.next()
      if (next.done === true) return
      if (next.value.kind === 'refusal') {
        visit.refused(next.value)
        if (source.unit === 'blobs') onProgress(1)
        continue
      }
      await visit.item(next.value, stop)
      onProgress(source.unit === 'bytes' ? next.value.sizeBytes : 1)
    }
  }
  const workers = Array.from({ length: importConcurrency }, () =>
    work().catch((error: unknown) => {
      failure.abort(error)
      throw error
    }),
  )
  const ended = await Promise.allSettled(workers)
  await findings.return?.()
  const failed = ended.find((end) => end.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

function isFatal(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return fatalCodes.has(code) || connectionErrors.has(code)
}
