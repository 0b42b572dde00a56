// The local queue's file. Records of many callers share one write and one sync (group commit): while one batch is on its way
// the next one gathers. What is mostly about closed tasks is written anew.
import fs from 'node:fs/promises'
import { join } from 'node:path'
import { ClusterError } from '../errors.js'
import type { QueueLog } from './queue-limits.js'
import { readTaskLog } from './read-task-log.js'
import { encodeRecord, type LogRecord, logHeading } from './task-log-format.js'

const pendingBytesMax = 64 * 1024 * 1024
const rewriteChunkBytes = 1024 * 1024

export interface TaskLogOptions {
  readonly directory: string
  /** Takes each record of the file. */
  readonly apply: (record: LogRecord) => void
  /** What the file would say if it were written now; read while records are applied. */
  readonly records: () => Iterable<LogRecord>
  /** How many these are, about. */
  readonly liveRecords: () => number
  /** With fewer records than this in it the file is never written anew. */
  readonly rewriteRecordsMin: number
  readonly log: QueueLog
}

interface Append {
  readonly bytes: Buffer
  readonly records: number
  readonly durable: boolean
  resolve(): void
  reject(error: unknown): void
}

export class TaskLog {
  readonly #options: TaskLogOptions
  #file: fs.FileHandle
  #sizeBytes: number
  #recordCount: number
  #rewriteAboveRecords: number
  /** After a failed write or sync nobody knows what is in the file: it is written anew from memory. */
  #broken = false
  #pending: Append[] = []
  #pendingBytes = 0
  #running: Promise<void> | undefined

  private constructor(
    options: TaskLogOptions,
    file: fs.FileHandle,
    read: { sizeBytes: number; records: number },
  ) {
    this.#options = options
    this.#file = file
    this.#sizeBytes = read.sizeBytes
    this.#recordCount = read.records
    this.#rewriteAboveRecords = options.rewriteRecordsMin
  }

  /** Reads what is there; what a killed process left half-written at its end is cut off. Throws what the disk throws. */
  static async open(options: TaskLogOptions): Promise<TaskLog> {
    const { directory, apply, log } = options
    await fs.rm(newPathIn(directory), { force: true })
    const file = await fs.open(pathIn(directory), 'a+').then(async (made) => {
      await made.close()
      return fs.open(pathIn(directory), 'r+')
    })
    try {
      const read = await readTaskLog(file, apply)
      if (read.damaged > 0) {
        log.warn({ damaged: read.damaged }, 'records of the queue are damaged and were passed over')
      }
      const opened = new TaskLog(options, file, { sizeBytes: read.validBytes, records: read.records })
      if (read.validBytes < logHeading.length || read.damaged > 0) {
        await opened.#rewrite()
      } else {
        await file.truncate(read.validBytes)
        await file.datasync()
      }
      return opened
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /**
   * Resolves once the records, already applied, are written; with `durable` once they are on disk. Throws QUEUE_AWAY when
   * the disk does not take them.
   */
  append(records: readonly LogRecord[], { durable }: { durable: boolean }): Promise<void> {
    const bytes = Buffer.concat(records.map(encodeRecord))
    if (this.#pendingBytes + bytes.length > pendingBytesMax) {
      // They were applied: only the state itself can say so now.
      this.#broken = true
      return Promise.reject(new ClusterError('QUEUE_AWAY', 'The disk of the queue is too slow'))
    }
    return new Promise((resolve, reject) => {
      this.#pending.push({ bytes, records: records.length, durable, resolve, reject })
      this.#pendingBytes += bytes.length
      this.#running ??= this.#run()
    })
  }

  /** Nothing may be appended after it. */
  async close(): Promise<void> {
    await this.#running
    await this.#file.datasync().catch(() => undefined)
    await this.#file.close()
  }

  async #run(): Promise<void> {
    // One turn of the event loop, so that what is queued in it shares the write.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#pending.length > 0) {
      const batch = this.#pending
      this.#pending = []
      this.#pendingBytes = 0
      try {
        await this.#write(batch)
        for (const { resolve } of batch) resolve()
      } catch (cause) {
        this.#broken = true
        const { path } = describe(this.#options)
        const failure = new ClusterError('QUEUE_AWAY', `${path} cannot be written`, { cause })
        for (const { reject } of batch) reject(failure)
      }
    }
    this.#running = undefined
  }

  async #write(batch: readonly Append[]): Promise<void> {
    if (this.#broken) {
      // The batch is part of what is written: its records were applied before.
      await this.#rewrite()
      return
    }
    const bytes = Buffer.concat(batch.map((append) => append.bytes))
    await writeAt(this.#file, bytes, this.#sizeBytes)
    if (batch.some(({ durable }) => durable)) await this.#file.datasync()
    this.#sizeBytes += bytes.length
    this.#recordCount += batch.reduce((sum, { records }) => sum + records, 0)
    if (this.#recordCount > this.#rewriteAboveRecords) await this.#rewriteWhenMostlyDead()
  }

  async #rewriteWhenMostlyDead(): Promise<void> {
    const { liveRecords, rewriteRecordsMin, log } = this.#options
    if (this.#recordCount < 2 * liveRecords()) return
    try {
      await this.#rewrite()
    } catch (error) {
      log.warn({ err: error }, 'the log of the queue cannot be written anew; it goes on growing')
    }
    this.#rewriteAboveRecords = Math.max(rewriteRecordsMin, 2 * this.#recordCount)
  }

  /** Replaces the file by one that says what is in memory; durable. The old one is there until the new one is whole. */
  async #rewrite(): Promise<void> {
    const { directory, records } = this.#options
    const file = await fs.open(newPathIn(directory), 'w')
    let sizeBytes = 0
    let count = 0
    try {
      let chunk: Buffer[] = [logHeading]
      let chunkBytes = logHeading.length
      const flush = async () => {
        await writeAt(file, Buffer.concat(chunk), sizeBytes)
        sizeBytes += chunkBytes
        chunk = []
        chunkBytes = 0
      }
      for (const record of records()) {
        const bytes = encodeRecord(record)
        chunk.push(bytes)
        chunkBytes += bytes.length
        count++
        if (chunkBytes >= rewriteChunkBytes) await flush()
      }
      await flush()
      await file.datasync()
      await fs.rename(newPathIn(directory), pathIn(directory))
      await syncDirectory(directory)
    } catch (error) {
      await file.close()
      await fs.rm(newPathIn(directory), { force: true })
      throw error
    }
    await this.#file.close().catch(() => undefined)
    this.#file = file
    this.#sizeBytes = sizeBytes
    this.#recordCount = count
    this.#broken = false
  }
}

function describe({ directory }: TaskLogOptions): { path: string } {
  return { path: pathIn(directory) }
}

function pathIn(directory: string): string {
  return join(directory, 'tasks.log')
}

function newPathIn(directory: string): string {
  return join(directory, 'tasks.log.new')
}

/** The kernel may write less than it is given. */
async function writeAt(file: fs.FileHandle, bytes: Buffer, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    if (bytesWritten === 0) throw new Error('A write wrote nothing')
    done += bytesWritten
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await fs.open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
