// What the index log of one volume says, read without a store: also where the rest of the directory is lost.
import { CliError, printNote } from '@backpack/command-line'
import { basename } from 'node:path'
import { readRecords, surveyIndex } from '../check/read-index.js'
import { nodeDiskFiles } from '../disk/disk-files.js'
import { IndexCursor, type IndexRecord } from '../index/index-format.js'
import { recoverVolume } from '../recovery/recover-volume.js'
import { noteLog } from './open-store.js'

const volumeFile = /^\d{8}\.volume$/
const indexFile = /^\d{8}\.index$/

/**
 * The records of an index log; of a volume: those of the log beside it and of what the log does not cover yet.
 * Changes nothing, may be used beside a running daemon. Throws CliError for other files, VOLUME_UNREADABLE.
 */
export function readIndex(path: string): AsyncGenerator<IndexRecord, void, undefined> {
  const name = basename(path)
  if (indexFile.test(name)) return recordsOfLog(path)
  if (volumeFile.test(name)) return recordsOfVolume(path)
  throw new CliError(`${path}: is neither an index log nor a volume`, {
    advice: 'They are in <directory>/volumes and are called 00000001.index and 00000001.volume.',
  })
}

async function* recordsOfLog(path: string): AsyncGenerator<IndexRecord, void, undefined> {
  const file = await nodeDiskFiles.open(path, 'r')
  try {
    const { superblock, tornBytes } = await surveyIndex(file)
    if (superblock === undefined) {
      throw new CliError(`${path}: does not begin as an index log should; dump the volume beside it instead`)
    }
    yield* readRecords(file, Number.POSITIVE_INFINITY)
    if (tornBytes > 0) printNote(`Warning: ${path} ends with ${tornBytes} bytes that are no records`)
  } finally {
    await file.close()
  }
}

async function* recordsOfVolume(path: string): AsyncGenerator<IndexRecord, void, undefined> {
  const { volume } = await recoverVolume(path, { files: nodeDiskFiles, writable: false, log: noteLog })
  try {
    const cursor = new IndexCursor()
    for await (const { bytes, start, count } of volume.index.blocks()) {
      cursor.bytes = bytes
      cursor.at = start
      for (let record = 0; record < count; record++) {
        yield cursor.record()
        cursor.at = cursor.nameEnd
      }
    }
  } finally {
    await volume.close()
  }
}

/** As 2013 printed it: name, offset, length; a deletion says so behind them. Damage has no name. */
export function recordLine(record: IndexRecord): string {
  const name = record.damage ? '(damage)' : record.name.toString('utf8')
  const place = `${name} ${record.offsetBytes} ${record.lengthBytes}`
  return record.tombstone ? `${place} deleted` : place
}
