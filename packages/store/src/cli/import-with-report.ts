// Runs an import in front of people: progress, what failed, a summary, a report per file.
import {
  countOf,
  exitCodes,
  formatBytes,
  formatCount,
  printJson,
  printLine,
  printNote,
  Progress,
  showName,
  toJson,
} from '@backpack/command-line'
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import {
  type ImportOutcome,
  type ImportOptions,
  type ImportResult,
  type ImportSummary,
  runImport,
} from '../import/run-import.js'
import { formatChecksum } from './describe-blob.js'

/** Troubles shown one by one; --report has them all. */
const troublesShownMax = 20

export interface ReportOptions
  extends Pick<ImportOptions, 'source' | 'target' | 'keep' | 'verify' | 'signal'> {
  readonly report: string | undefined
  readonly json: boolean
  readonly quiet: boolean
}

/** The exit code; undefined when the import was interrupted. Throws what runImport throws. */
export async function importWithReport(options: ReportOptions): Promise<number | undefined> {
  const { source, json, quiet, signal } = options
  const report = options.report === undefined ? undefined : await openReport(options.report)
  const troubles = new Troubles(!json)
  const bars = new Bars({ unit: source.unit === 'bytes' ? 'bytes' : undefined, enabled: !json && !quiet })
  const done = new AbortController()
  const measured = source
    .measure(AbortSignal.any([signal, done.signal]))
    .then((total) => bars.setTotal(total))
    .catch(() => undefined)
  try {
    const summary = await runImport({
      ...options,
      onResult(result) {
        report?.write(`${toJson(describe(result))}\n`)
        troubles.add(result)
      },
      onProgress: (by) => bars.advance(by),
      onVerify: () => bars.next('comparing'),
    })
    bars.stop()
    troubles.end()
    if (json) printJson(summary)
    else printSummary(summary)
    if (summary.interrupted) return undefined
    return summary.counts.failed + summary.mismatched === 0 ? exitCodes.done : exitCodes.failed
  } catch (error) {
    bars.stop()
    if (!signal.aborted) printNote('Stopped. Once this is mended, run the same command again to go on:')
    throw error
  } finally {
    bars.stop()
    done.abort()
    await measured
    await closeReport(report)
  }
}

async function openReport(path: string): Promise<WriteStream> {
  const stream = createWriteStream(path)
  await once(stream, 'open')
  // A later error is kept in `errored`, for the end.
  stream.on('error', () => undefined)
  return stream
}

/** Throws what went wrong on the way, such as a full disk. */
async function closeReport(report: WriteStream | undefined): Promise<void> {
  if (report === undefined) return
  if (report.errored !== null) throw report.errored
  report.end()
  await once(report, 'close')
}

function describe({ origin, name, sizeBytes, checksum, outcome, reason }: ImportResult) {
  return {
    name: name ?? null,
    origin,
    sizeBytes: sizeBytes ?? null,
    crc32: checksum === undefined ? null : formatChecksum(checksum),
    outcome,
    reason: reason ?? null,
  }
}

/** The bar of the pass under way; the second pass is as long as the first. */
class Bars {
  readonly #options: { unit: 'bytes' | undefined; enabled: boolean }
  #bar: Progress
  #total: number | undefined

  constructor(options: { unit: 'bytes' | undefined; enabled: boolean }) {
    this.#options = options
    this.#bar = new Progress({ label: 'importing', ...options })
  }

  advance(by: number): void {
    this.#bar.advance(by)
  }

  setTotal(total: number): void {
    this.#total = total
    this.#bar.setTotal(total)
  }

  next(label: string): void {
    this.#bar.stop()
    this.#bar = new Progress({ label, ...this.#options, total: this.#total })
  }

  stop(): void {
    this.#bar.stop()
  }
}

/** Says what was not imported, the first few one by one. */
class Troubles {
  readonly #shown: boolean
  #count = 0

  constructor(shown: boolean) {
    this.#shown = shown
  }

  add({ origin, outcome, reason }: ImportResult): void {
    if (reason === undefined || !this.#shown || ++this.#count > troublesShownMax) return
    printNote(`${outcome}: ${showName(origin)}: ${showName(reason)}`)
  }

  end(): void {
    const more = this.#count - troublesShownMax
    if (more > 0) printNote(`… and ${formatCount(more)} more; --report <file> writes all of them.`)
  }
}

const phrases: Record<ImportOutcome, string> = {
  imported: 'imported',
  present: 'there already',
  kept: 'kept as they were',
  skipped: 'skipped',
  failed: 'failed',
}

function printSummary({ counts, importedBytes, verified, mismatched, interrupted }: ImportSummary): void {
  const { imported, ...others } = counts
  const parts = (Object.keys(others) as (keyof typeof others)[])
    .filter((outcome) => others[outcome] > 0)
    .map((outcome) => `${formatCount(others[outcome])} ${phrases[outcome]}`)
  printLine([`Imported ${countOf(imported, 'blob')} (${formatBytes(importedBytes)})`, ...parts].join(', '))
  if (verified !== undefined) {
    printLine(`Read back ${countOf(verified + mismatched, 'blob')}: ${formatCount(mismatched)} differ.`)
  }
  if (interrupted) printNote('Interrupted. Run the same command again to go on.')
}
