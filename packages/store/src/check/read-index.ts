// Reads an index log for the checker: what state it is in, then its records one by one.
import type { DiskFile } from '../disk/disk-files.js'
import { readFully } from '../disk/whole-io.js'
import { IndexCursor, type IndexRecord, readBlock } from '../index/index-format.js'
import { IndexLogReader } from '../index/index-log.js'
import { type Superblock, superblockBytes } from '../volume/superblock.js'

const searchBytesMax = 64 * 1024 * 1024
const blockMagic = Buffer.from('IPBK', 'latin1')

export interface IndexSurvey {
  /** From the log's header; undefined when that is damaged. */
  readonly superblock: Superblock | undefined
  /** The volume offset up to which the log is complete. */
  readonly coversToBytes: number
  /** Bytes behind the last valid block. */
  readonly tornBytes: number
  /** Whether valid blocks stand behind bytes that are none. */
  readonly brokenInside: boolean
}

/**
 * Reads the whole log once. A store may be appending to it: where it ended before it was read, everything in front is
 * whole, or the beginning of one block; what came since must not be taken for blocks behind damage.
 */
export async function surveyIndex(file: DiskFile): Promise<IndexSurvey> {
  const endBytes = await file.size()
  const reader = await IndexLogReader.open(file, superblockBytes)
  while ((await reader.next()) !== undefined);
  const { superblock, validBytes, coversToBytes } = reader
  const tornBytes = Math.max(0, endBytes - validBytes)
  const rest = Buffer.alloc(Math.min(tornBytes, searchBytesMax))
  const read = await readFully(file, rest, validBytes)
  return { superblock, coversToBytes, tornBytes, brokenInside: holdsBlock(rest.subarray(0, read)) }
}

function holdsBlock(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(blockMagic); at !== -1; at = bytes.indexOf(blockMagic, at + 1)) {
    if (typeof readBlock(bytes, at) === 'object') return true
  }
  return false
}

/** The records in order of offset, up to `endBytes` of the volume: later ones were written since the survey. */
export async function* readRecords(
  file: DiskFile,
  endBytes: number,
): AsyncGenerator<IndexRecord, void, undefined> {
  const reader = await IndexLogReader.open(file, superblockBytes)
  const cursor = new IndexCursor()
  for (let read = await reader.next(); read !== undefined; read = await reader.next()) {
    cursor.bytes = read.bytes
    cursor.at = read.block.start
    for (let record = 0; record < read.block.records; record++) {
      if (cursor.offsetBytes >= endBytes) return
      yield cursor.record()
      cursor.at = cursor.nameEnd
    }
  }
}
