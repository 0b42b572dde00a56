// The data files of a 2013 store, opened to read only.
import type { FileHandle } from 'node:fs/promises'
import fs from 'node:fs/promises'
import { join } from 'node:path'
import { StoreError } from '../../errors.js'
import type { Location2013 } from './names-2013.js'

const dataFile = /^data_(\d{1,9})$/
const readBytes = 256 * 1024

export class DataFiles2013 {
  readonly directory: string
  readonly #files: ReadonlyMap<number, { handle: FileHandle; sizeBytes: number }>

  private constructor(directory: string, files: Map<number, { handle: FileHandle; sizeBytes: number }>) {
    this.directory = directory
    this.#files = files
  }

  /** Throws IMPORT_INVALID when the directory holds no data file. */
  static async open(directory: string): Promise<DataFiles2013> {
    const files = new Map<number, { handle: FileHandle; sizeBytes: number }>()
    const opened = new DataFiles2013(directory, files)
    try {
      for (const name of await fs.readdir(directory)) {
        const [, id] = dataFile.exec(name) ?? []
        if (id === undefined) continue
        const handle = await fs.open(join(directory, name), 'r')
        files.set(Number(id), { handle, sizeBytes: (await handle.stat()).size })
      }
    } catch (error) {
      await opened.close()
      throw error
    }
    if (files.size > 0) return opened
    throw new StoreError(
      'IMPORT_INVALID',
      `${directory} holds no data of a 2013 store: there is no file data_N`,
    )
  }

  /** Newest first. */
  ids(): number[] {
    return [...this.#files.keys()].sort((a, b) => b - a)
  }

  sizeBytes(fileId: number): number | undefined {
    return this.#files.get(fileId)?.sizeBytes
  }

  /** Undefined when the bytes of a location are there, else what is wrong. */
  problemOf({ fileId, offsetBytes, lengthBytes }: Location2013): string | undefined {
    const sizeBytes = this.sizeBytes(fileId)
    if (sizeBytes === undefined) return `data_${fileId} is missing`
    if (lengthBytes === 0) return 'it has no bytes; a blob has at least one'
    if (offsetBytes + lengthBytes <= sizeBytes) return undefined
    return `it would end at byte ${offsetBytes + lengthBytes} of data_${fileId}, which has ${sizeBytes} bytes`
  }

  /** The bytes of a location, in pieces. Throws LENGTH_MISMATCH when the file ends before. */
  async *read({ fileId, offsetBytes, lengthBytes }: Location2013): AsyncGenerator<Buffer, void, undefined> {
    const handle = this.#files.get(fileId)?.handle
    const endBytes = offsetBytes + lengthBytes
    let position = offsetBytes
    while (position < endBytes) {
      const buffer = Buffer.allocUnsafe(Math.min(readBytes, endBytes - position))
      const { bytesRead = 0 } = (await handle?.read({ buffer, position })) ?? {}
      if (bytesRead === 0)
        throw new StoreError('LENGTH_MISMATCH', `data_${fileId} ends before byte ${endBytes}`)
      yield buffer.subarray(0, bytesRead)
      position += bytesRead
    }
  }

  metaPath(fileId: number): string {
    return join(this.directory, `data_${fileId}.meta`)
  }

  async close(): Promise<void> {
    for (const { handle } of this.#files.values()) await handle.close()
  }
}
