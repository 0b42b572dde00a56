// The index log of a 2013 data file, `data_N.meta`. Pure: bytes in, records out.
//
// Record: u8 name length, name, u32 offset, u32 length, little-endian. The length was counted in characters and cut
// to one byte. So the record of a name with characters beyond ASCII has its right length, but not its whole name; and
// a name of more than 255 characters makes everything behind its first bytes look like other records.
import { isUtf8 } from 'node:buffer'

const textBytesMin = 0x20
const recordTailBytes = 8
/** Names longer than this could not be imported; the search for where one ends goes no further. */
const nameLengthMax = 16 * 1024
const lengthByteStep = 256
const junkBytesMax = 3

export interface MetaRecord {
  /** The raw request target after its slash. */
  readonly name: Buffer
  readonly offsetBytes: number
  readonly lengthBytes: number
  /** The name has characters beyond ASCII, so that its end is lost. */
  readonly nameCut: boolean
}

/** Bytes of the log that no record could be made of. */
export interface MetaGap {
  readonly fromByte: number
  readonly toByte: number
}

export interface MetaLogContents {
  /** Oldest first. */
  readonly records: readonly MetaRecord[]
  readonly gaps: readonly MetaGap[]
}

/** `dataBytes` is the size of the data file, in which every blob must lie. */
export function parseMetaLog(bytes: Buffer, dataBytes: number): MetaLogContents {
  const records: MetaRecord[] = []
  const gaps: MetaGap[] = []
  let gapFrom: number | undefined
  let at = 0
  while (at < bytes.length) {
    const found = findRecord(bytes, at, { dataBytes, certain: gapFrom !== undefined })
    if (found === undefined) {
      gapFrom ??= at
      at++
      continue
    }
    if (gapFrom !== undefined) gaps.push({ fromByte: gapFrom, toByte: at })
    gapFrom = undefined
    records.push(found.record)
    at = found.end
  }
  if (gapFrom !== undefined) gaps.push({ fromByte: gapFrom, toByte: bytes.length })
  return { records, gaps }
}

interface FoundRecord {
  readonly record: MetaRecord
  readonly end: number
}

/**
 * The record at `at`: with the name length that is written there, or that plus a multiple of 256. One behind which
 * another record, or the end, follows at once is believed; text taken for an offset and a length (a long name looks
 * so) is believed last. Where the bytes before were no record, only what is beyond doubt is believed.
 */
function findRecord(
  bytes: Buffer,
  at: number,
  { dataBytes, certain }: { dataBytes: number; certain: boolean },
): FoundRecord | undefined {
  let likely: FoundRecord | undefined
  let last: FoundRecord | undefined
  for (const found of candidates(bytes, at, dataBytes)) {
    const { record, end } = found
    const numbers = !isText(bytes, end - recordTailBytes, end)
    const followed = end === bytes.length || candidates(bytes, end, dataBytes).next().done !== true
    if (numbers && followed && !(certain && record.nameCut)) return found
    if (followed) likely ??= found
    // The log may end, or turn to garbage, right behind a good record.
    if (numbers) last ??= found
  }
  return certain ? undefined : (likely ?? last)
}

/** Every way to read a record at `at` that makes sense by itself, the shortest name first. */
function* candidates(bytes: Buffer, at: number, dataBytes: number): Generator<FoundRecord, void, undefined> {
  for (let nameLength = bytes.readUInt8(at); nameLength <= nameLengthMax; nameLength += lengthByteStep) {
    const nameEnd = at + 1 + nameLength
    const end = nameEnd + recordTailBytes
    if (end > bytes.length) return
    const name = bytes.subarray(at + 1, nameEnd)
    const nameCut = !isText(name, 0, name.length)
    if (nameCut && !isCutName(name)) continue
    const offsetBytes = bytes.readUInt32LE(nameEnd)
    const lengthBytes = bytes.readUInt32LE(nameEnd + 4)
    if (nameLength === 0 || lengthBytes === 0 || offsetBytes + lengthBytes > dataBytes) continue
    yield { record: { name, offsetBytes, lengthBytes, nameCut }, end }
  }
}

/**
 * Text in UTF-8, but for its end: only whole characters were written, so that up to three bytes may be whatever the
 * buffer held before.
 */
function isCutName(name: Buffer): boolean {
  for (let end = name.length; end >= Math.max(1, name.length - junkBytesMax); end--) {
    const text = name.subarray(0, end)
    if (isUtf8(text) && text.every((byte) => byte > 0x7f || isTextByte(byte))) return true
  }
  return false
}

function isText(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!isTextByte(bytes[at] as number)) return false
  return true
}

function isTextByte(byte: number): boolean {
  return byte >= textBytesMin && byte < 0x7f
}
