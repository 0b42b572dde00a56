// Reads the local queue's file from its beginning.
import type { FileHandle } from 'node:fs/promises'
import { ClusterError } from '../errors.js'
import { decodeRecord, type LogRecord, logHeading } from './task-log-format.js'

const windowBytes = 1024 * 1024
const lineFeed = 0x0a
/** No record is longer, so that a damaged file does not fill the memory. */
const lineBytesMax = 64 * 1024

export interface ReadTaskLog {
  /** Up to the end of the last record that is whole; 0 for a file without its heading. */
  readonly validBytes: number
  readonly records: number
  /** Lines between whole records that are none. */
  readonly damaged: number
}

/**
 * Gives every whole record to `apply`. Throws INVALID_OPTIONS when the file is of another kind or a later version: nothing
 * in it may be touched.
 */
export async function readTaskLog(
  file: FileHandle,
  apply: (record: LogRecord) => void,
): Promise<ReadTaskLog> {
  const heading = Buffer.alloc(logHeading.length)
  const { bytesRead } = await file.read(heading, 0, heading.length, 0)
  if (!logHeading.subarray(0, bytesRead).equals(heading.subarray(0, bytesRead))) {
    throw new ClusterError('INVALID_OPTIONS', 'tasks.log is no log of a queue that this version can read')
  }
  if (bytesRead < heading.length) return { validBytes: 0, records: 0, damaged: 0 }

  let validBytes = heading.length
  let records = 0
  let damaged = 0
  let damagedSince = 0
  let lineAt = heading.length
  let rest = Buffer.alloc(0)
  const window = Buffer.allocUnsafe(windowBytes)
  while (true) {
    const { bytesRead: read } = await file.read(window, 0, windowBytes, lineAt + rest.length)
    if (read === 0) return { validBytes, records, damaged }
    const bytes = Buffer.concat([rest, window.subarray(0, read)])
    let from = 0
    for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, from)) {
      const record = decodeRecord(bytes.subarray(from, end))
      lineAt += end + 1 - from
      from = end + 1
      if (record === undefined) {
        damagedSince++
        continue
      }
      apply(record)
      records++
      // Only what has a whole record behind it is damage; else it is the torn end.
      damaged += damagedSince
      damagedSince = 0
      validBytes = lineAt
    }
    rest = bytes.subarray(from)
    if (rest.length > lineBytesMax) {
      lineAt += rest.length
      rest = Buffer.alloc(0)
      damagedSince++
    }
  }
}
