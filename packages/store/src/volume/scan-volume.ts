// Reads a volume from front to back in large pieces and says what stands where: needles, damage, a torn tail.
// The volume is the truth; recovery, the checker and rebuild all look at it through this one function.
import { crc32 } from 'node:zlib'
import {
  chunkBytes,
  chunkChecksum,
  chunkCount,
  headerVersion,
  type NeedleHeader,
  needleAlignBytes,
  needleHeaderBytes,
  needleLength,
  needleMagic,
  needlePrefixBytesMax,
  readNeedleHeader,
  wholeChecksumBytesMax,
} from '../needle/needle-format.js'
import type { IndexRecord } from '../index/index-format.js'
import { ScanWindow } from './scan-window.js'
import type { VolumeFile } from './volume-file.js'

export type ScanFinding =
  | {
      readonly kind: 'needle'
      readonly record: IndexRecord
      readonly contentType: string
      /** The data, verified, when it is at most 1 MiB. Shares memory with its neighbours. */
      readonly data: Buffer | undefined
    }
  /** Bytes between two valid needles that are none. */
  | { readonly kind: 'damage'; readonly offsetBytes: number; readonly lengthBytes: number }
  /** No valid needle follows this offset, though bytes do. */
  | { readonly kind: 'torn'; readonly offsetBytes: number }

/** Findings in order of offset, from `fromBytes` up to `limitBytes`. Every needle's data is verified. */
export async function* scanVolume(
  volume: VolumeFile,
  { fromBytes, limitBytes }: { fromBytes: number; limitBytes: number },
): AsyncGenerator<ScanFinding, void, undefined> {
  const window = new ScanWindow(volume, limitBytes)
  let position = fromBytes
  let damagedFrom: number | undefined
  try {
    while (position < limitBytes) {
      const finding = await readNeedleAt(volume, window, position)
      if (finding === undefined || finding.kind === 'damaged-data') {
        damagedFrom ??= position
        const end = finding === undefined ? undefined : position + finding.lengthBytes
        const skip = end !== undefined && end < limitBytes && (await beginsNeedle(volume, window, end))
        position = skip ? end : await nextMagic(window, position + needleAlignBytes)
        continue
      }
      if (damagedFrom !== undefined) {
        yield { kind: 'damage', offsetBytes: damagedFrom, lengthBytes: position - damagedFrom }
        damagedFrom = undefined
      }
      position += finding.record.lengthBytes
      yield finding
    }
  } finally {
    await window.settle()
  }
  if (damagedFrom !== undefined) yield { kind: 'torn', offsetBytes: damagedFrom }
}

async function readHeaderAt(volume: VolumeFile, window: ScanWindow, position: number) {
  let bytes = await window.at(position, needleHeaderBytes + 2048)
  let header = readNeedleHeader(bytes, 0, { seed: volume.seed, offsetBytes: position })
  if (header === 'truncated' && bytes.length < window.limitBytes - position) {
    bytes = await window.at(position, needlePrefixBytesMax)
    header = readNeedleHeader(bytes, 0, { seed: volume.seed, offsetBytes: position })
  }
  return typeof header === 'string' ? undefined : { header, bytes }
}

/** The length in a valid header can be trusted even where the data behind it is damaged. */
async function beginsNeedle(volume: VolumeFile, window: ScanWindow, position: number): Promise<boolean> {
  return (await readHeaderAt(volume, window, position)) !== undefined
}

async function readNeedleAt(volume: VolumeFile, window: ScanWindow, position: number) {
  const found = await readHeaderAt(volume, window, position)
  if (found === undefined) return undefined
  const { header, bytes } = found
  const lengthBytes = needleLength(header)
  if (position + lengthBytes > window.limitBytes) return undefined
  const nameEnd = needleHeaderBytes + header.nameLength
  const name = Buffer.from(bytes.subarray(needleHeaderBytes, nameEnd))
  const contentType = bytes.toString('latin1', nameEnd, nameEnd + header.contentTypeLength)
  const prefix =
    chunkCount(header.dataLength) > 0 ? Buffer.from(bytes.subarray(0, header.prefixBytes)) : undefined
  const data = await verifiedData(window, position + header.prefixBytes, header, prefix)
  if (data === 'damaged') return { kind: 'damaged-data' as const, lengthBytes }
  return {
    kind: 'needle' as const,
    record: {
      offsetBytes: position,
      lengthBytes,
      version: headerVersion(header),
      tombstone: header.tombstone,
      damage: false,
      dataLength: header.dataLength,
      dataChecksum: header.dataChecksum,
      contentTypeLength: header.contentTypeLength,
      name,
    },
    contentType,
    data,
  }
}

async function verifiedData(
  window: ScanWindow,
  dataPosition: number,
  header: NeedleHeader,
  prefix: Buffer | undefined,
): Promise<Buffer | undefined | 'damaged'> {
  if (header.dataLength <= wholeChecksumBytesMax) {
    const data = (await window.at(dataPosition, header.dataLength)).subarray(0, header.dataLength)
    return data.length === header.dataLength && crc32(data) === header.dataChecksum ? data : 'damaged'
  }
  const chunks = chunkCount(header.dataLength)
  for (let chunk = 0; chunk < chunks; chunk++) {
    const length = Math.min(chunkBytes, header.dataLength - chunk * chunkBytes)
    const bytes = (await window.at(dataPosition + chunk * chunkBytes, length)).subarray(0, length)
    if (bytes.length < length) return 'damaged'
    if (prefix === undefined || crc32(bytes) !== chunkChecksum(prefix, 0, header, chunk)) return 'damaged'
  }
  return undefined
}

/** The next aligned position from `from` that could begin a needle, or the limit. */
async function nextMagic(window: ScanWindow, from: number): Promise<number> {
  for (let position = from; position < window.limitBytes; ) {
    const bytes = await window.at(position, needleHeaderBytes)
    const usable = bytes.length - 3
    if (usable <= 0) break
    for (let at = 0; at < usable; at += needleAlignBytes) {
      if (bytes.readUInt32LE(at) === needleMagic) return position + at
    }
    position += Math.ceil(usable / needleAlignBytes) * needleAlignBytes
  }
  return window.limitBytes
}
