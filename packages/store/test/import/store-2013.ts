// Writes the data directory of a 2013 store as its own code did, faults included.
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Redis } from 'ioredis'

export interface Put2013 {
  readonly fileId?: number
  /** False: the process died between the index and Redis. */
  readonly inRedis?: boolean
}

export class Store2013 {
  readonly directory: string
  readonly #redis: Redis | undefined

  constructor(directory: string, redis?: Redis) {
    this.directory = directory
    this.#redis = redis
    mkdirSync(directory, { recursive: true })
  }

  dataPath(fileId = 1): string {
    return join(this.directory, `data_${fileId}`)
  }

  metaPath(fileId = 1): string {
    return `${this.dataPath(fileId)}.meta`
  }

  async addFile(): Promise<number> {
    const fileId = readdirSync(this.directory).filter((name) => /^data_\d+$/.test(name)).length + 1
    writeFileSync(this.dataPath(fileId), '')
    writeFileSync(this.metaPath(fileId), '')
    await this.#redis?.incr('files_counter')
    await this.#redis?.hset('files', String(fileId), '{"readOnly":false}')
    return fileId
  }

  /** `name` is the raw request target after its slash. */
  async put(
    name: string,
    data: Buffer | string,
    { fileId = 1, inRedis = true }: Put2013 = {},
  ): Promise<void> {
    const bytes = Buffer.from(data)
    const offsetBytes = statSync(this.dataPath(fileId)).size
    appendFileSync(this.dataPath(fileId), bytes)
    appendFileSync(this.metaPath(fileId), metaRecord(name, offsetBytes, bytes.length))
    if (inRedis) await this.#redis?.set(name, `${fileId}:${offsetBytes}:${bytes.length}`)
  }

  /** An upload that was given up: its place stays empty. */
  hole(lengthBytes: number, fileId = 1): void {
    appendFileSync(this.dataPath(fileId), Buffer.alloc(lengthBytes))
  }

  /** The bytes of every file, to show that nothing was changed. */
  contents(): Map<string, string> {
    return new Map(
      readdirSync(this.directory).map((name) => [name, readFileSync(join(this.directory, name), 'latin1')]),
    )
  }
}

/** Characters are counted where bytes should be, in one byte: what is beyond ASCII or 255 is lost. */
export function metaRecord(name: string, offsetBytes: number, lengthBytes: number): Buffer {
  const record = Buffer.alloc(1 + name.length + 8)
  record[0] = name.length
  record.write(name, 1, name.length)
  record.writeUInt32LE(offsetBytes, record.length - 8)
  record.writeUInt32LE(lengthBytes, record.length - 4)
  return record
}
