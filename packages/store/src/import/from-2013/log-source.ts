// Imports a 2013 store by its index logs alone, for when its Redis is lost: the newest record of each name counts.
// Every name is held in memory, some hundred bytes each; with its Redis the import needs none.
import fs from 'node:fs/promises'
import { showBytes } from '../show-bytes.js'
import type { ImportFinding, ImportSource } from '../import-source.js'
import type { DataFiles2013 } from './data-files.js'
import { type Blob2013, findingOf, refuse2013, refuseCollision } from './finding-2013.js'
import { type MetaLogContents, parseMetaLog } from './meta-log.js'
import { decodeRawName } from './names-2013.js'

/** A Map can hold 2^24 keys. */
const namesPerMap = 2 ** 23

export class LogSource2013 implements ImportSource {
  readonly unit = 'blobs'
  readonly #files: DataFiles2013

  /** Takes over the files: close() closes them. */
  constructor(files: DataFiles2013) {
    this.#files = files
  }

  async measure(signal: AbortSignal): Promise<number> {
    let records = 0
    for (const fileId of this.#files.ids()) {
      signal.throwIfAborted()
      records += (await this.#readLog(fileId))?.records.length ?? 0
    }
    return records
  }

  async *findings(): AsyncGenerator<ImportFinding, void, undefined> {
    const seen = new SeenNames()
    for (const fileId of this.#files.ids()) {
      const contents = await this.#readLog(fileId)
      if (contents === undefined) {
        yield refuse2013(`data_${fileId}`, `data_${fileId}.meta is missing, so that its blobs have no names`)
        continue
      }
      for (const { fromByte, toByte } of contents.gaps) {
        yield refuse2013(
          `data_${fileId}.meta, bytes ${fromByte} to ${toByte - 1}`,
          'no record can be made of them',
        )
      }
      for (const { name, nameCut, offsetBytes, lengthBytes } of contents.records.toReversed()) {
        const blob = { raw: name, location: { fileId, offsetBytes, lengthBytes } }
        if (nameCut) {
          const origin = `${showBytes(name)} (data_${fileId}, ${lengthBytes} bytes at ${offsetBytes})`
          yield refuse2013(origin, 'the end of its name is lost: it has characters beyond ASCII')
          continue
        }
        const finding = this.#describe(blob, seen)
        if (finding !== undefined) yield finding
      }
    }
  }

  /** Undefined for a name that was stored again later. */
  #describe(blob: Blob2013, seen: SeenNames): ImportFinding | undefined {
    const name = decodeRawName(blob.raw)
    if (name === undefined) return findingOf(blob, this.#files)
    const raw = blob.raw.toString('utf8')
    const later = seen.get(name)
    if (later === undefined) {
      seen.set(name, raw)
      return findingOf(blob, this.#files)
    }
    return later === raw ? undefined : refuseCollision(blob, later)
  }

  async #readLog(fileId: number): Promise<MetaLogContents | undefined> {
    try {
      const bytes = await fs.readFile(this.#files.metaPath(fileId))
      return parseMetaLog(bytes, this.#files.sizeBytes(fileId) ?? 0)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  close(): Promise<void> {
    return this.#files.close()
  }
}

/** The raw names of names already found. */
class SeenNames {
  readonly #maps = [new Map<string, string>()]

  get(name: string): string | undefined {
    for (const map of this.#maps) {
      const raw = map.get(name)
      if (raw !== undefined) return raw
    }
    return undefined
  }

  set(name: string, raw: string): void {
    const last = this.#maps.at(-1)
    if (last !== undefined && last.size < namesPerMap) last.set(name, raw)
    else this.#maps.push(new Map([[name, raw]]))
  }
}
