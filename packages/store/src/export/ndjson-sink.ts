// Exports blobs as lines of JSON, the data in Base64. Large blobs are written piece by piece.
import type { BlobInfo } from '../blob-info.js'
import { formatVersion } from '../needle/blob-version.js'
import type { ScanEntry } from '../scan.js'
import type { ExportSink } from './export-sink.js'

export interface NdjsonOutput {
  /** Resolves when more may be written. */
  write(text: string): Promise<void>
  /** A line is complete; what is written after it and not completed is taken back at close, where that can be. */
  endLine(): void
  close(): Promise<void>
}

/** Base64 turns three bytes into four characters: pieces of other lengths would need padding in the middle. */
const base64Bytes = 3

export class NdjsonSink implements ExportSink {
  readonly #output: NdjsonOutput

  /** Takes over the output: close() closes it. */
  constructor(output: NdjsonOutput) {
    this.#output = output
  }

  async write({ info, data, open }: ScanEntry): Promise<'written'> {
    const start = `${JSON.stringify(describe(info)).slice(0, -1)},"dataBase64":"`
    const end = '"}\n'
    if (data === undefined) {
      await this.#output.write(start)
      await this.#writeBase64(open() as AsyncIterable<Buffer>)
      await this.#output.write(end)
    } else {
      await this.#output.write(start + data.toString('base64') + end)
    }
    this.#output.endLine()
    return 'written'
  }

  async #writeBase64(source: AsyncIterable<Buffer>): Promise<void> {
    let rest: Buffer = Buffer.alloc(0)
    for await (const part of source) {
      const bytes = Buffer.concat([rest, part])
      const whole = bytes.length - (bytes.length % base64Bytes)
      await this.#output.write(bytes.toString('base64', 0, whole))
      rest = bytes.subarray(whole)
    }
    await this.#output.write(rest.toString('base64'))
  }

  close(): Promise<void> {
    return this.#output.close()
  }
}

function describe({ name, sizeBytes, contentType, version, checksum, modifiedAtMs }: BlobInfo) {
  return {
    name,
    sizeBytes,
    contentType: contentType ?? null,
    version: formatVersion(version),
    checksum: checksum.toString(16).padStart(8, '0'),
    modifiedAt: new Date(modifiedAtMs).toISOString(),
  }
}
