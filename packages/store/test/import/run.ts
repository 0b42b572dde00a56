import type { ImportSource } from '../../src/import/import-source.js'
import type { ImportTarget } from '../../src/import/import-target.js'
import { type ImportResult, type ImportSummary, runImport } from '../../src/import/run-import.js'

export interface ImportRun {
  readonly summary: ImportSummary
  /** In order of origin. */
  readonly results: readonly ImportResult[]
}

/** Runs an import to its end. */
export async function runToEnd(
  source: ImportSource,
  target: ImportTarget,
  options: { keep?: boolean; verify?: boolean; signal?: AbortSignal } = {},
): Promise<ImportRun> {
  const results: ImportResult[] = []
  const summary = await runImport({
    source,
    target,
    keep: options.keep ?? false,
    verify: options.verify ?? false,
    signal: options.signal ?? new AbortController().signal,
    onResult: (result) => results.push(result),
    onProgress() {},
    onVerify() {},
  })
  return { summary, results: results.sort((a, b) => (a.origin < b.origin ? -1 : 1)) }
}
