// Standard output is for results, standard error for everything about them.
import bytes from 'bytes'
import { once } from 'node:events'

const batchCharactersMax = 64 * 1024

/** One line of a result. */
export function printLine(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** One line of JSON, for machines. A bigint becomes a string of digits. */
export function printJson(value: unknown): void {
  printLine(toJson(value))
}

export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? each.toString() : each))
}

/** A remark to whoever watches; machines need not read it. */
export function printNote(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Prints many lines in large writes, no faster than they are taken; ends early when `signal` is aborted. */
export async function printLines(
  lines: AsyncIterable<string> | Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  let batch = ''
  for await (const line of lines) {
    signal.throwIfAborted()
    batch += `${line}\n`
    if (batch.length < batchCharactersMax) continue
    if (!process.stdout.write(batch)) await once(process.stdout, 'drain', { signal })
    batch = ''
  }
  process.stdout.write(batch)
}

/** A size for people: `1.5 GB`, where 1 GB is 2^30 bytes, as everywhere in Backpack. */
export function formatBytes(sizeBytes: number): string {
  return bytes.format(sizeBytes, { unitSeparator: ' ', decimalPlaces: 1 }) ?? `${sizeBytes} B`
}

/** A count for people: `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en')
}

/** `1 blob`, `2 blobs`. */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A name or path as it may be shown on a terminal: characters that could control it are escaped. */
export function showName(name: string): string {
  return name.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Lines in columns. A column whose heading begins with '>' is aligned to the right. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const titles = headings.map((heading) => heading.replace(/^>/, ''))
  const widths = titles.map((title, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), title.length),
  )
  return [titles, ...rows].map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return headings[column]?.startsWith('>') === true ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** The options of every command that can print JSON. */
export const jsonOption = {
  json: { type: 'boolean', default: false, describe: 'Print JSON, for machines' },
} as const

/** The options of every command that can take long. */
export const quietOption = {
  quiet: { type: 'boolean', default: false, describe: 'Show no progress' },
} as const
