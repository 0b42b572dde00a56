// Where lines of JSON go: a file, or a stream such as standard output.
import { once } from 'node:events'
import fs from 'node:fs/promises'
import type { Writable } from 'node:stream'
import type { NdjsonOutput } from './ndjson-sink.js'

export class FileOutput implements NdjsonOutput {
  readonly #file: fs.FileHandle
  #sizeBytes: number
  #linesBytes: number

  private constructor(file: fs.FileHandle, sizeBytes: number) {
    this.#file = file
    this.#sizeBytes = sizeBytes
    this.#linesBytes = sizeBytes
  }

  /** A new file, or with `continued` the end of one. Throws the system's EEXIST for a file that is there already. */
  static async open(path: string, { continued }: { continued: boolean }): Promise<FileOutput> {
    const file = await fs.open(path, continued ? 'a' : 'ax')
    return new FileOutput(file, (await file.stat()).size)
  }

  async write(text: string): Promise<void> {
    const bytes = Buffer.from(text)
    this.#sizeBytes += bytes.length
    await this.#file.writeFile(bytes)
  }

  endLine(): void {
    this.#linesBytes = this.#sizeBytes
  }

  async close(): Promise<void> {
    try {
      if (this.#sizeBytes > this.#linesBytes) await this.#file.truncate(this.#linesBytes)
    } finally {
      await this.#file.close()
    }
  }
}

export class StreamOutput implements NdjsonOutput {
  readonly #stream: Writable
  readonly #signal: AbortSignal

  /** The signal ends the wait for a reader that went away. */
  constructor(stream: Writable, signal: AbortSignal) {
    this.#stream = stream
    this.#signal = signal
  }

  async write(text: string): Promise<void> {
    if (!this.#stream.write(text)) await once(this.#stream, 'drain', { signal: this.#signal })
  }

  endLine(): void {}

  close(): Promise<void> {
    return Promise.resolve()
  }
}
